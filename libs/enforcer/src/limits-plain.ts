import { isPlainName } from '#hostname';
import type { StoredEntry } from '#settings';

const MAX_HOSTNAMES = 100;
const MAX_DRAIN_SECONDS = 3_600;
const MAX_ID_LENGTH = 64;
const MAX_HOSTNAME_LENGTH = 253;
const SCHEMES = ['http://', 'https://'].map((scheme) => Buffer.from(scheme));
const COLON = 0x3a;
/** Of a port: never that of a scheme, nor above the highest. */
const PORT_LENGTH = 4;

/**
 * Whether an entry is surely without fault, seen from its bytes alone, as almost all are: a million are judged in a
 * moment. One that is not plain needs a closer look.
 */
export function isPlain(entry: StoredEntry): boolean {
  const { hostnameCount } = entry;
  return (
    hostnameCount > 0 &&
    hostnameCount <= MAX_HOSTNAMES &&
    entry.testResource(isPlainId) &&
    entry.testOrigin(isPlainOrigin) &&
    entry.everyHostname(isPlainHostname) &&
    isPlainFate(entry)
  );
}

function isPlainFate({ drainSeconds }: StoredEntry): boolean {
  if (drainSeconds === undefined) return true;
  return Number.isInteger(drainSeconds) && drainSeconds >= 0 && drainSeconds <= MAX_DRAIN_SECONDS;
}

function isPlainId(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) if (bytes[at]! < 0x21 || bytes[at]! > 0x7e) return false;
  return end > start && end - start <= MAX_ID_LENGTH;
}

function isPlainHostname(bytes: Uint8Array, start: number, end: number): boolean {
  const wildcard = bytes[start] === 0x2a && bytes[start + 1] === 0x2e;
  return end - start <= MAX_HOSTNAME_LENGTH && isPlainName(bytes, wildcard ? start + 2 : start, end);
}

function isPlainOrigin(bytes: Uint8Array, start: number, end: number): boolean {
  const host = hostOf(bytes, start, end);
  if (host === end) return false;
  const colon = end - PORT_LENGTH - 1;
  const hasPort = bytes[colon] === COLON && isPlainPort(bytes, colon + 1);
  return isPlainName(bytes, host, hasPort ? colon : end);
}

/** Where it begins, after its scheme; the end if there is none of both. */
function hostOf(bytes: Uint8Array, start: number, end: number): number {
  for (const scheme of SCHEMES) if (beginsWith(bytes, start, end, scheme)) return start + scheme.length;
  return end;
}

function isPlainPort(bytes: Uint8Array, start: number): boolean {
  for (let at = start; at < start + PORT_LENGTH; at += 1)
    if (bytes[at]! < (at === start ? 0x31 : 0x30) || bytes[at]! > 0x39) return false;
  return true;
}

function beginsWith(bytes: Uint8Array, start: number, end: number, prefix: Uint8Array): boolean {
  if (end - start <= prefix.length) return false;
  for (let at = 0; at < prefix.length; at += 1) if (bytes[start + at] !== prefix[at]) return false;
  return true;
}
