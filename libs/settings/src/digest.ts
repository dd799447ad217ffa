import { HASH, hash128 } from './murmur3.js';

const LANES = 4;

/** The digest of no entries at all. */
export const EMPTY_DIGEST = '0'.repeat(LANES * 8);

/**
 * The digest of a set of records: the sum of their 128-bit hashes, modulo 2^128. The order in which records came and
 * went does not matter, and a change costs two hashes however many records there are.
 */
export class Digest {
  /** 32 bits each, the least significant first. */
  readonly #sum = new Uint32Array(LANES);

  /** A record is a multiple of 16 bytes. */
  add(view: DataView, start: number, end: number): void {
    hash128(view, start, end);
    this.#sumUp(1);
  }

  remove(view: DataView, start: number, end: number): void {
    hash128(view, start, end);
    this.#sumUp(-1);
  }

  /** 32 hexadecimal digits. */
  toString(): string {
    const [least, second, third, most] = this.#sum;
    return digitsOf(most!) + digitsOf(third!) + digitsOf(second!) + digitsOf(least!);
  }

  #sumUp(sign: 1 | -1): void {
    let carry = 0;
    for (let lane = 0; lane < LANES; lane += 1) {
      const sum = this.#sum[lane]! + sign * HASH[lane]! + carry;
      this.#sum[lane] = sum;
      carry = Math.floor(sum / 2 ** 32);
    }
  }
}

function digitsOf(lane: number): string {
  return (lane + 2 ** 32).toString(16).slice(1);
}
