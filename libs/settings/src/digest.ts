import { hash } from 'node:crypto';

const BITS = 128;

/** The digest of no entries at all. */
export const EMPTY_DIGEST = '0'.repeat(BITS / 4);

/**
 * The digest of a set of texts: the sum of the first 128 bits of the SHA-256 of each, modulo 2^128. The order in which
 * texts came and went does not matter, and a change costs two hashes however many texts there are.
 */
export class Digest {
  #sum: bigint;

  constructor(hex: string = EMPTY_DIGEST) {
    this.#sum = BigInt(`0x${hex}`);
  }

  add(text: string): void {
    this.#sum = BigInt.asUintN(BITS, this.#sum + hashOf(text));
  }

  remove(text: string): void {
    this.#sum = BigInt.asUintN(BITS, this.#sum - hashOf(text));
  }

  /** 32 hexadecimal digits. */
  toString(): string {
    return this.#sum.toString(16).padStart(BITS / 4, '0');
  }
}

function hashOf(text: string): bigint {
  return BigInt(`0x${hash('sha256', text, 'hex').slice(0, BITS / 4)}`);
}
