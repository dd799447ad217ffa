import type { Hostname } from './hostname.js';

/**
 * Finds what is registered for a hostname: the exact name first, then the longest wildcard. A wildcard stands for one
 * or more labels, so `*.example.com` covers `a.example.com` and `a.b.example.com`, but not `example.com`.
 */
export class HostnameIndex<Value> {
  readonly #names = new Map<Hostname, Value>();
  #wildcards = 0;

  get size(): number {
    return this.#names.size;
  }

  /** What is registered under exactly this name, wildcards taken literally. */
  get(hostname: Hostname): Value | undefined {
    return this.#names.get(hostname);
  }

  set(hostname: Hostname, value: Value): void {
    if (isWildcard(hostname) && !this.#names.has(hostname)) this.#wildcards += 1;
    this.#names.set(hostname, value);
  }

  delete(hostname: Hostname): void {
    if (this.#names.delete(hostname) && isWildcard(hostname)) this.#wildcards -= 1;
  }

  /** The most specific match for the canonical name of a request. */
  match(hostname: Hostname): Value | undefined {
    const exact = this.#names.get(hostname);
    if (exact !== undefined || this.#wildcards === 0) return exact;
    for (let dot = hostname.indexOf('.'); dot !== -1; dot = hostname.indexOf('.', dot + 1)) {
      const value = this.#names.get(`*${hostname.slice(dot)}`);
      if (value !== undefined) return value;
    }
    return undefined;
  }
}

function isWildcard(hostname: Hostname): boolean {
  return hostname.startsWith('*.');
}
