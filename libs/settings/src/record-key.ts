import { mix32 } from './murmur3.js';

/** So that nobody who names resources can choose how they fall in the memory of a node. */
const SEED = Math.floor(Math.random() * 2 ** 32);
const END_OF_ASCII = 0x80;

/** Where the UTF-8 bytes of a text are. */
export interface Text {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** A resource's id or a hostname, to look up. */
export interface Key extends Text {
  readonly hash: number;
}

let scratch = new Uint8Array(512);

/** Good until the next call. */
export function keyOf(text: string): Key {
  if (text.length > scratch.length) scratch = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code >= END_OF_ASCII) return keyOfBytes(Buffer.from(text));
    scratch[at] = code;
  }
  return keyIn({ bytes: scratch, start: 0, end: text.length });
}

export function keyIn(text: Text): Key {
  return { bytes: text.bytes, start: text.start, end: text.end, hash: hashOf(text) };
}

/** 32 bits, signed. It differs from process to process. */
export function hashOf({ bytes, start, end }: Text): number {
  return hashOfBytes(bytes, start, end);
}

export function hashOfBytes(bytes: Uint8Array, start: number, end: number): number {
  let hash = SEED;
  for (let at = start; at < end; at += 1) hash = Math.imul(hash ^ bytes[at]!, 0x01000193);
  return mix32(hash);
}

export function sameText({ bytes, start, end }: Text, other: Text): boolean {
  if (end - start !== other.end - other.start) return false;
  for (let at = start; at < end; at += 1)
    if (bytes[at] !== other.bytes[other.start + at - start]) return false;
  return true;
}

/** Whether it is this text, of ASCII only: another is never found to be the same. */
export function isText(bytes: Uint8Array, start: number, end: number, text: string): boolean {
  if (end - start !== text.length) return false;
  for (let at = 0; at < text.length; at += 1) if (bytes[start + at] !== text.charCodeAt(at)) return false;
  return true;
}

function keyOfBytes(bytes: Uint8Array): Key {
  return keyIn({ bytes, start: 0, end: bytes.length });
}
