import type { Hostname } from './hostname.js';

/**
 * What is found under the most specific of the names that cover a host: the exact name first, then the longest
 * wildcard. A wildcard stands for one or more labels, so `*.example.com` covers `a.example.com` and `a.b.example.com`,
 * but not `example.com`.
 */
export function mostSpecific<Found>(
  host: Hostname,
  find: (name: Hostname) => Found | undefined,
): Found | undefined {
  const exact = find(host);
  if (exact !== undefined) return exact;
  for (let dot = host.indexOf('.'); dot !== -1; dot = host.indexOf('.', dot + 1)) {
    const found = find(`*${host.slice(dot)}`);
    if (found !== undefined) return found;
  }
  return undefined;
}
