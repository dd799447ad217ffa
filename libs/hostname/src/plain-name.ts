const DOT = 0x2e;
const HYPHEN = 0x2d;
/** 1 for a-z and 0-9. */
const ORDINARY = Uint8Array.from({ length: 256 }, (_, byte) => (isLetter(byte) || isDigit(byte) ? 1 : 0));
const MAX_LABEL = 63;
const MAX_LENGTH = 253;

/**
 * Whether the bytes are a name that is surely in canonical form, as almost all are: labels of a-z, 0-9 and single inner
 * hyphens, the last one beginning with a letter. A name that is not plain needs `parseHostname`.
 */
export function isPlainName(bytes: Uint8Array, start: number, end: number): boolean {
  let label = start;
  for (let at = start; at <= end; at += 1) {
    const byte = at < end ? bytes[at]! : DOT;
    if (ORDINARY[byte] === 1) continue;
    if ((byte !== DOT && byte !== HYPHEN) || at === label || bytes[at - 1] === HYPHEN) return false;
    if (byte === HYPHEN) continue;
    if (at - label > MAX_LABEL) return false;
    if (at < end) label = at + 1;
  }
  return end - start <= MAX_LENGTH && isLetter(bytes[label]!);
}

function isLetter(byte: number): boolean {
  return byte >= 0x61 && byte <= 0x7a;
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}
