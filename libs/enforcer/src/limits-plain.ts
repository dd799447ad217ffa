import { isPlainName } from '#hostname';
import type { StoredEntry, Text } from '#settings';

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
  let hostnames = 0;
  let plain = isPlainId(entry.resourceText) && isPlainOrigin(entry.originText) && isPlainFate(entry);
  entry.eachHostname((hostname) => {
    hostnames += 1;
    plain &&= isPlainHostname(hostname);
  });
  return plain && hostnames > 0 && hostnames <= MAX_HOSTNAMES;
}

function isPlainFate({ openConnections: fate }: StoredEntry): boolean {
  if (fate.mode !== 'drain') return true;
  return Number.isInteger(fate.seconds) && fate.seconds >= 0 && fate.seconds <= MAX_DRAIN_SECONDS;
}

function isPlainId({ bytes, start, end }: Text): boolean {
  for (let at = start; at < end; at += 1) if (bytes[at]! < 0x21 || bytes[at]! > 0x7e) return false;
  return end > start && end - start <= MAX_ID_LENGTH;
}

function isPlainHostname({ bytes, start, end }: Text): boolean {
  const wildcard = bytes[start] === 0x2a && bytes[start + 1] === 0x2e;
  return end - start <= MAX_HOSTNAME_LENGTH && isPlainName(bytes, wildcard ? start + 2 : start, end);
}

function isPlainOrigin(origin: Text): boolean {
  const scheme = SCHEMES.find((each) => beginsWith(origin, each));
  if (!scheme) return false;
  const { bytes, start, end } = origin;
  const colon = end - PORT_LENGTH - 1;
  const hasPort = bytes[colon] === COLON && isPlainPort(bytes, colon + 1);
  return isPlainName(bytes, start + scheme.length, hasPort ? colon : end);
}

function isPlainPort(bytes: Uint8Array, start: number): boolean {
  for (let at = start; at < start + PORT_LENGTH; at += 1)
    if (bytes[at]! < (at === start ? 0x31 : 0x30) || bytes[at]! > 0x39) return false;
  return true;
}

function beginsWith({ bytes, start, end }: Text, prefix: Uint8Array): boolean {
  if (end - start <= prefix.length) return false;
  for (let at = 0; at < prefix.length; at += 1) if (bytes[start + at] !== prefix[at]) return false;
  return true;
}
