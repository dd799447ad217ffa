/** A hostname in its one canonical form: lower case, ASCII (IDNA), no trailing dot; `*.` may lead it. */
export type Hostname = string;

export type ParsedHostname = { ok: true; hostname: Hostname } | { ok: false; message: string };

const MAX_LENGTH = 253;
const LABEL = /^(?!-)[a-z0-9-]{1,63}(?<!-)$/;
const FORBIDDEN = /[\s/?#@:%\\[\]<>^|"`{}]/;

/**
 * Parses a hostname as an operator writes it: any case, internationalised names, one trailing dot, and a wildcard
 * as the whole leftmost label (`*.example.com`). Ports, address literals and anything else are refused with a reason.
 */
export function parseHostname(input: string): ParsedHostname {
  if (input === '') return refused('is empty');
  const forbidden = FORBIDDEN.exec(input);
  if (forbidden) return refused(`must be a bare hostname, without ${JSON.stringify(forbidden[0])}`);
  const wildcard = input.startsWith('*.');
  const name = wildcard ? input.slice(2) : input;
  if (name.includes('*'))
    return refused('may have a wildcard only as its whole leftmost label, as in *.example.com');
  const ascii = toAscii(name);
  if (ascii === undefined) return refused('is not a valid domain name');
  if (isAddress(ascii)) return refused('must be a name, not an address');
  const bad = ascii.split('.').find((label) => !LABEL.test(label));
  if (bad !== undefined) return refused(describeLabel(bad));
  const hostname = wildcard ? `*.${ascii}` : ascii;
  return hostname.length > MAX_LENGTH
    ? refused(`is ${hostname.length} characters long, at most ${MAX_LENGTH} are allowed`)
    : { ok: true, hostname };
}

/** With underscores, which are in no hostname of a resource, but in hosts that a wildcard covers. */
const HOST = /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/;

/** The canonical hostname of a `Host` or `:authority` header, its port left out; undefined when it names none. */
export function hostOfHeader(header: string): Hostname | undefined {
  const host = header.replace(/:\d*$/, '').replace(/\.$/, '').toLowerCase();
  if (host.length === 0 || host.length > MAX_LENGTH) return undefined;
  return HOST.test(host) ? host : undefined;
}

function refused(message: string): ParsedHostname {
  return { ok: false, message };
}

/** UTS 46 processing as browsers do it, by the platform's own URL parser. */
function toAscii(name: string): string | undefined {
  const withoutRoot = name.endsWith('.') ? name.slice(0, -1) : name;
  try {
    return new URL(`http://${withoutRoot}`).hostname;
  } catch {
    return undefined;
  }
}

function isAddress(ascii: string): boolean {
  return /^\d+\.\d+\.\d+\.\d+$/.test(ascii);
}

function describeLabel(label: string): string {
  if (label === '') return 'has an empty label';
  if (label.length > 63) return `has a label of ${label.length} characters, at most 63 are allowed`;
  return `has the label ${JSON.stringify(label)}: only letters, digits and inner hyphens are allowed`;
}
