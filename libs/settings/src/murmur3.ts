const C1 = 0x239b961b;
const C2 = 0xab0e9789;
const C3 = 0x38b34ae5;
const C4 = 0xa1e38b93;

/** The outcome of the last `hash128`. */
export const HASH = new Uint32Array(4);

/** MurmurHash3 (x86, 128 bits, seed 0) of a multiple of 16 bytes, left in `HASH` so that a million cost no memory. */
export function hash128(view: DataView, start: number, end: number): void {
  let h1 = 0;
  let h2 = 0;
  let h3 = 0;
  let h4 = 0;
  let k = 0;
  for (let at = start; at < end; at += 16) {
    k = Math.imul(view.getInt32(at, true), C1);
    h1 ^= Math.imul((k << 15) | (k >>> 17), C2);
    h1 = (Math.imul(((h1 << 19) | (h1 >>> 13)) + h2, 5) + 0x561ccd1b) | 0;
    k = Math.imul(view.getInt32(at + 4, true), C2);
    h2 ^= Math.imul((k << 16) | (k >>> 16), C3);
    h2 = (Math.imul(((h2 << 17) | (h2 >>> 15)) + h3, 5) + 0x0bcaa747) | 0;
    k = Math.imul(view.getInt32(at + 8, true), C3);
    h3 ^= Math.imul((k << 17) | (k >>> 15), C4);
    h3 = (Math.imul(((h3 << 15) | (h3 >>> 17)) + h4, 5) + 0x96cd1c35) | 0;
    k = Math.imul(view.getInt32(at + 12, true), C4);
    h4 ^= Math.imul((k << 18) | (k >>> 14), C1);
    h4 = (Math.imul(((h4 << 13) | (h4 >>> 19)) + h1, 5) + 0x32ac3b17) | 0;
  }
  finish(h1, h2, h3, h4, end - start);
}

/** MurmurHash3's 32-bit finalizer: every bit of the input changes every bit of the outcome. */
export function mix32(value: number): number {
  let mixed = value ^ (value >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}

function finish(a: number, b: number, c: number, d: number, length: number): void {
  const sum = ((a ^ length) + (b ^ length) + (c ^ length) + (d ^ length)) | 0;
  const h1 = mix32(sum);
  const h2 = mix32(((b ^ length) + sum) | 0);
  const h3 = mix32(((c ^ length) + sum) | 0);
  const h4 = mix32(((d ^ length) + sum) | 0);
  const mixed = (h1 + h2 + h3 + h4) | 0;
  HASH[0] = mixed;
  HASH[1] = h2 + mixed;
  HASH[2] = h3 + mixed;
  HASH[3] = h4 + mixed;
}
