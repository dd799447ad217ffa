import { mix32 } from './murmur3.js';

/** So that nobody who names resources can choose how they fall in the memory of a node. */
const SEED = Math.floor(Math.random() * 2 ** 32);
const END_OF_ASCII = 0x80;

/** The bytes of a resource's id or of a hostname, in UTF-8, and their hash. */
export interface Key {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  readonly hash: number;
}

let scratch = new Uint8Array(512);

/** Good until the next call. */
export function keyOf(text: string): Key {
  if (text.length > scratch.length) scratch = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code >= END_OF_ASCII) return keyIn(Buffer.from(text));
    scratch[at] = code;
  }
  return keyIn(scratch, 0, text.length);
}

export function keyIn(bytes: Uint8Array, start = 0, end = bytes.length): Key {
  let hash = SEED;
  for (let at = start; at < end; at += 1) hash = Math.imul(hash ^ bytes[at]!, 0x01000193);
  return { bytes, start, end, hash: mix32(hash) >>> 0 };
}

/** Whether the bytes between two places are those of the key. */
export function isKey({ bytes, start, end }: Key, others: Uint8Array, from: number, to: number): boolean {
  if (end - start !== to - from) return false;
  for (let at = start; at < end; at += 1) if (bytes[at] !== others[from + at - start]) return false;
  return true;
}
