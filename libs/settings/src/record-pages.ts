import { blockOf, GRAIN, type Block } from './record-layout.js';
import { StoredEntry } from './stored-entry.js';

const PAGE_BYTES = 64 * 1024;
const GRAINS_PER_PAGE = PAGE_BYTES / GRAIN;

interface Page {
  /** Of the same shape wherever records are, so that whoever reads them is compiled once. */
  block: Block;
  used: number;
  /** Bytes of it that are of dead records. */
  dead: number;
  /** Someone reads it as it was, so that no record in it may be marked as dead. */
  frozen: boolean;
}

type Moved = (record: StoredEntry, from: number, to: number) => void;

/**
 * Records in pages of flat memory, off the heap. Records are added at the end and never change. What is left of a page
 * that is mostly dead moves to the end, a page at a time, so that a change costs the same however many there are. An
 * address says where a record begins, in 32 bits, until it has moved.
 */
export class RecordPages {
  #pages: (Page | undefined)[] = [];
  readonly #free: number[] = [];
  /** The number of the page that takes new records. */
  #last = -1;

  constructor(private readonly moved: Moved) {}

  get bytes(): number {
    return this.#pages.reduce((sum, page) => sum + (page?.block.bytes.length ?? 0), 0);
  }

  at(address: number): StoredEntry {
    return new StoredEntry(this.#page(address).block, (address % GRAINS_PER_PAGE) * GRAIN);
  }

  add({ block, start, size }: StoredEntry): number {
    const page = this.#pageWithRoom(size);
    const address = this.#last * GRAINS_PER_PAGE + page.used / GRAIN;
    copyWords(block.view, start, page.block.view, page.used, size);
    page.used += size;
    return address;
  }

  /**
   * Adds records that lie one after the other, copied as one as far as a page goes. `bounds`: where each begins, and where
   * the last one ends. Gives their addresses.
   */
  addAll(block: Block, bounds: readonly number[]): number[] {
    const addresses: number[] = [];
    while (addresses.length + 1 < bounds.length) this.#addRun(block, bounds, addresses);
    return addresses;
  }

  kill(address: number): void {
    const number = numberOf(address);
    const page = this.#page(address);
    if (page.frozen) this.#pages[number] = copyOf(page);
    const record = this.at(address);
    record.kill();
    this.#page(address).dead += record.size;
    if (number !== this.#last) this.#tidy(number);
  }

  records(): IteratorObject<StoredEntry> {
    return this.#pages.values().flatMap((page) => (page ? liveRecords(page) : []));
  }

  /** The bytes of all live records, a page at a time, as they are at the time of the call. */
  freeze(): Iterable<Buffer> {
    const pages = this.#pages.filter((page) => page !== undefined);
    for (const page of pages) page.frozen = true;
    const asTheyAre = pages.map((page) => ({ ...page }));
    return asTheyAre.values().map(liveBytes);
  }

  /** From the first record that has no address yet. */
  #addRun(block: Block, bounds: readonly number[], addresses: number[]): void {
    const start = bounds[addresses.length]!;
    const page = this.#pageWithRoom(bounds[addresses.length + 1]! - start);
    const limit = start + page.block.bytes.length - page.used;
    const base = this.#last * GRAINS_PER_PAGE + (page.used - start) / GRAIN;
    let end = start;
    for (let next = addresses.length + 1; next < bounds.length && bounds[next]! <= limit; next += 1) {
      addresses.push(base + end / GRAIN);
      end = bounds[next]!;
    }
    block.bytes.copy(page.block.bytes, page.used, start, end);
    page.used += end - start;
  }

  #page(address: number): Page {
    return this.#pages[numberOf(address)]!;
  }

  #pageWithRoom(size: number): Page {
    for (;;) {
      const last = this.#pages[this.#last];
      if (last && last.used + size <= last.block.bytes.length) return last;
      this.#addPage(size);
    }
  }

  #addPage(size: number): void {
    const full = this.#last;
    const bytes = Buffer.allocUnsafeSlow(Math.max(size, PAGE_BYTES));
    this.#last = this.#free.pop() ?? this.#pages.length;
    this.#pages[this.#last] = { block: blockOf(bytes), used: 0, dead: 0, frozen: false };
    this.#tidy(full);
  }

  /** Moves what is alive in a page that is mostly dead, and gives the page up. */
  #tidy(number: number): void {
    const page = this.#pages[number];
    if (!page || page.dead * 2 <= page.used) return;
    this.#pages[number] = undefined;
    for (const record of liveRecords(page))
      this.moved(record, number * GRAINS_PER_PAGE + record.start / GRAIN, this.add(record));
    this.#free.push(number);
  }
}

function numberOf(address: number): number {
  return Math.floor(address / GRAINS_PER_PAGE);
}

function copyOf({ block, used, dead }: Page): Page {
  const copy = Buffer.allocUnsafeSlow(block.bytes.length);
  block.bytes.copy(copy, 0, 0, used);
  return { block: blockOf(copy), used, dead, frozen: false };
}

function* liveRecords({ block, used }: Page): Generator<StoredEntry> {
  for (let start = 0; start < used;) {
    const record = new StoredEntry(block, start);
    if (!record.dead) yield record;
    start = record.end;
  }
}

function liveBytes(page: Page): Buffer {
  const { bytes } = page.block;
  if (page.dead === 0) return bytes.subarray(0, page.used);
  return Buffer.concat(Array.from(liveRecords(page), ({ start, end }) => bytes.subarray(start, end)));
}

/** Without a call into native code, which would take longer than a record. */
function copyWords(from: DataView, start: number, to: DataView, at: number, length: number): void {
  for (let offset = 0; offset < length; offset += 4)
    to.setInt32(at + offset, from.getInt32(start + offset, true), true);
}
