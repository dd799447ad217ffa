import { blockOf, GRAIN, type Block } from './record-layout.js';
import { StoredEntry } from './stored-entry.js';

const PAGE_BYTES = 64 * 1024;
const GRAINS_PER_PAGE = PAGE_BYTES / GRAIN;

interface Page extends Block {
  used: number;
  /** Bytes of it that are of dead records. */
  dead: number;
  /** Someone reads it as it was, so that no record in it may be marked as dead. */
  frozen: boolean;
}

/**
 * Records in pages of flat memory, off the heap. Records are added at the end and never change; those that died leave
 * their page when it is emptied. An address says where a record begins, in 32 bits, as long as nobody moves it.
 */
export class RecordPages {
  #pages: (Page | undefined)[] = [];
  readonly #free: number[] = [];
  /** The number of the page that takes new records. */
  #last = -1;

  get bytes(): number {
    return this.#pages.reduce((sum, page) => sum + (page?.bytes.length ?? 0), 0);
  }

  at(address: number): StoredEntry {
    return new StoredEntry(this.#page(address), (address % GRAINS_PER_PAGE) * GRAIN);
  }

  add({ block, start, end }: StoredEntry): number {
    const size = end - start;
    let page = this.#pages[this.#last];
    if (!page || page.used + size > page.bytes.length) page = this.#addPage(size);
    const address = this.#last * GRAINS_PER_PAGE + page.used / GRAIN;
    block.bytes.copy(page.bytes, page.used, start, end);
    page.used += size;
    return address;
  }

  kill(address: number): void {
    const page = this.#page(address);
    if (page.frozen) this.#pages[numberOf(address)] = copyOf(page);
    const record = this.at(address);
    record.kill();
    this.#page(address).dead += record.size;
  }

  /** Whether most of the page of an address is dead, so that the rest should move. Never true of the last page. */
  isSparse(address: number): boolean {
    const { dead, used } = this.#page(address);
    return numberOf(address) !== this.#last && dead * 2 > used;
  }

  /** The addresses of the live records in the page of this one. */
  neighbours(address: number): number[] {
    const base = numberOf(address) * GRAINS_PER_PAGE;
    return Array.from(liveRecords(this.#page(address)), ({ start }) => base + start / GRAIN);
  }

  /** Gives up the page of an address, with all in it. */
  drop(address: number): void {
    this.#pages[numberOf(address)] = undefined;
    this.#free.push(numberOf(address));
  }

  *records(): Generator<StoredEntry> {
    for (const page of this.#pages) if (page) yield* liveRecords(page);
  }

  /** The bytes of all live records, a page at a time, as they are at the time of the call. */
  freeze(): Iterable<Buffer> {
    const pages = this.#pages.filter((page) => page !== undefined);
    for (const page of pages) page.frozen = true;
    return pages
      .map((page) => ({ ...page }))
      .values()
      .map(liveBytes);
  }

  #page(address: number): Page {
    return this.#pages[numberOf(address)]!;
  }

  #addPage(size: number): Page {
    const bytes = Buffer.allocUnsafeSlow(Math.max(size, PAGE_BYTES));
    const page: Page = { ...blockOf(bytes), used: 0, dead: 0, frozen: false };
    this.#last = this.#free.pop() ?? this.#pages.length;
    this.#pages[this.#last] = page;
    return page;
  }
}

function numberOf(address: number): number {
  return Math.floor(address / GRAINS_PER_PAGE);
}

function copyOf({ bytes, used, dead }: Page): Page {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy, 0, 0, used);
  return { ...blockOf(copy), used, dead, frozen: false };
}

function* liveRecords(page: Page): Generator<StoredEntry> {
  const { used } = page;
  for (let start = 0; start < used;) {
    const record = new StoredEntry(page, start);
    if (!record.dead) yield record;
    start = record.end;
  }
}

function liveBytes(page: Page): Buffer {
  if (page.dead === 0) return page.bytes.subarray(0, page.used);
  return Buffer.concat(Array.from(liveRecords(page), ({ start, end }) => page.bytes.subarray(start, end)));
}
