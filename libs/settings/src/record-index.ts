import { HashIndex } from './hash-index.js';
import { hashOf, sameText, type Key, type Text } from './record-key.js';
import type { RecordPages } from './record-pages.js';
import type { RecordRun } from './record-run.js';
import { isWildcard, type StoredEntry } from './stored-entry.js';

/** No address. */
export const NOWHERE = -1;
/** The indexes of so many resources are in the caches of a processor anyway. */
const AT_HAND = 50_000;

/** Where the records of a table are, by resource and by hostname. */
export class RecordIndex {
  readonly #byResource = new HashIndex();
  readonly #byHostname = new HashIndex();
  #wildcards = 0;

  constructor(private readonly records: RecordPages) {}

  /** How many resources there are. */
  get size(): number {
    return this.#byResource.size;
  }

  get hasWildcards(): boolean {
    return this.#wildcards > 0;
  }

  /** Makes room for so many more resources at once, which would otherwise be found bit by bit. */
  expect(resources: number): void {
    this.#byResource.expect(resources);
    this.#byHostname.expect(resources);
  }

  /** The address of a resource's record, or NOWHERE. `besides`: an address that does not count. */
  addressOf(resource: Key, besides = NOWHERE): number {
    const isIt = (each: number) => each !== besides && sameText(this.records.at(each).resourceText, resource);
    return this.#byResource.find(resource.hash, isIt);
  }

  holder(hostname: Key, besides = NOWHERE): StoredEntry | undefined {
    const isIt = (each: number) => each !== besides && this.records.at(each).has(hostname);
    const address = this.#byHostname.find(hostname.hash, isIt);
    return address === NOWHERE ? undefined : this.records.at(address);
  }

  add(entry: StoredEntry, address: number): void {
    this.#byResource.add(hashOf(entry.resourceText), address);
    entry.eachHostname((hostname) => {
      if (isWildcard(hostname.bytes, hostname.start)) this.#wildcards += 1;
      this.#byHostname.add(hashOf(hostname), address);
    });
  }

  remove(entry: StoredEntry, address: number): void {
    this.#byResource.remove(hashOf(entry.resourceText), address);
    entry.eachHostname((hostname) => {
      if (isWildcard(hostname.bytes, hostname.start)) this.#wildcards -= 1;
      this.#byHostname.remove(hashOf(hostname), address);
    });
  }

  /** The record that is at one address is at another now, or the one there has taken its place with the same keys. */
  move(entry: StoredEntry, from: number, to: number): void {
    this.#byResource.move(hashOf(entry.resourceText), from, to);
    entry.eachHostname((hostname) => this.#byHostname.move(hashOf(hostname), from, to));
  }

  /** Adds records that have been put at these addresses. Throws RangeError if one of their keys is there already. */
  addRun(run: RecordRun, addresses: readonly number[]): void {
    if (this.size > AT_HAND) this.#lookAhead(run);
    let next = 0;
    for (let index = 0; index < run.length; index += 1) {
      const address = addresses[index]!;
      let known = this.#byResource.add(run.resources[index]!, address);
      for (; next < run.hostnamesUpTo[index]!; next += 1)
        known = this.#byHostname.add(run.hostnames[next]!, address) || known;
      if (known) this.#checkNew(address);
    }
    this.#wildcards += run.wildcards;
  }

  /** Has the memory at hand that the keys lead to: to wait for each place in turn takes longer. */
  #lookAhead({ resources, hostnames }: RecordRun): void {
    for (const hash of resources) this.#byResource.touch(hash);
    for (const hash of hostnames) this.#byHostname.touch(hash);
  }

  #checkNew(address: number): void {
    const { resource, hostnames } = this.records.at(address).keys;
    if (this.addressOf(resource, address) !== NOWHERE)
      throw new RangeError(`resource ${textOf(resource)} is in it twice`);
    for (const hostname of hostnames) {
      const holder = this.holder(hostname, address)?.resource;
      if (holder === undefined) continue;
      throw new RangeError(`hostname ${textOf(hostname)} belongs to both ${holder} and ${textOf(resource)}`);
    }
  }
}

function textOf({ bytes, start, end }: Text): string {
  return Buffer.from(bytes.subarray(start, end)).toString();
}
