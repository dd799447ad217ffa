/** Records begin and end at multiples of so many bytes. */
export const GRAIN = 16;

/*
 * A record, little-endian: u32 its size, with the lowest bit set when it is dead · u64 position · u64 position of the
 * policy · f64 seconds of a drain · u8 enabled · u8 mode for open connections · u16 bytes of the id · u16 bytes of the
 * origin · u16 count of hostnames · the id · the origin · each hostname after its length (u16) · zeros.
 */
export const SIZE = 0;
export const POSITION = 4;
export const POLICY_POSITION = 12;
export const SECONDS = 20;
export const ENABLED = 28;
export const MODE = 29;
export const ID_LENGTH = 30;
export const ORIGIN_LENGTH = 32;
export const HOSTNAMES = 34;
export const TEXTS = 36;

export const DEAD = 1;
/** Of a text in bytes, and of hostnames. */
export const MAX_LENGTH = 0xffff;

/** Memory that holds records. */
export interface Block {
  readonly bytes: Buffer;
  readonly view: DataView;
}

export function blockOf(bytes: Buffer): Block {
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length) };
}
