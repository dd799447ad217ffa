import { hashOfBytes } from './record-key.js';
import type { Block } from './record-layout.js';
import { isWildcard, StoredEntry, type TextTest } from './stored-entry.js';

/**
 * Whole records that lie one after the other, and the hashes of their keys: all of it plain numbers, since objects that
 * are held while garbage is being marked live much longer than they are of use.
 */
export class RecordRun {
  /** Where each of them begins, and where the last one ends. */
  readonly bounds: number[];
  readonly resources: number[] = [];
  /** Of all records, in their order. */
  readonly hostnames: number[] = [];
  /** How many of `hostnames` there are up to each record, and with it. */
  readonly hostnamesUpTo: number[] = [];
  wildcards = 0;
  readonly #takeResource: TextTest = (bytes, start, end) => {
    this.resources.push(hashOfBytes(bytes, start, end));
    return true;
  };
  readonly #takeHostname: TextTest = (bytes, start, end) => {
    this.hostnames.push(hashOfBytes(bytes, start, end));
    if (isWildcard(bytes, start)) this.wildcards += 1;
    return true;
  };

  /** Of those from a place on, at most `limit`; a last one that is cut off is left. Throws RangeError for what is no record. */
  constructor(
    readonly block: Block,
    from: number,
    limit: number,
  ) {
    this.bounds = [from];
    while (this.length < limit && this.#take(this.end)) continue;
  }

  get length(): number {
    return this.resources.length;
  }

  get end(): number {
    return this.bounds[this.length]!;
  }

  #take(start: number): boolean {
    const { block } = this;
    const { length } = block.bytes;
    const record = new StoredEntry(block, start);
    if (start + 4 > length) return false;
    const { end } = record;
    if (end > length) return false;
    if (!record.whole) throw new RangeError('there is something that is no entry');
    this.bounds.push(end);
    record.testResource(this.#takeResource);
    record.everyHostname(this.#takeHostname);
    this.hostnamesUpTo.push(this.hostnames.length);
    return true;
  }
}
