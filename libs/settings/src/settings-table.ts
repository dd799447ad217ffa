import { mostSpecific, type Hostname } from '#hostname';
import { Digest } from './digest.js';
import { HashIndex } from './hash-index.js';
import { stageEntry } from './entry-codec.js';
import { keyOf, sameText, type Key, type Text } from './record-key.js';
import { blockOf } from './record-layout.js';
import { RecordPages } from './record-pages.js';
import { RecordRun } from './record-run.js';
import { isRemoval, type SettingsChange, type SettingsEntry } from './settings-entry.js';
import { isWildcard, type StoredEntry } from './stored-entry.js';

/** How a resource's entry was before and is after a change; undefined: not there. */
export interface TableDiff {
  resource: string;
  before: SettingsEntry | undefined;
  after: SettingsEntry | undefined;
}

/** A hostname that two resources would hold. */
export interface HostnameConflict {
  hostname: Hostname;
  resources: [string, string];
}

const NOWHERE = -1;
/** Records that are loaded together. */
const AT_ONCE = 128;
/** The indexes of so many resources are in the caches of a processor anyway. */
const AT_HAND = 50_000;

/** The current settings of every live resource, by id and by hostname, with their digest; off the heap. */
export class SettingsTable {
  readonly #records = new RecordPages((entry, from, to) => this.#move(entry, from, to));
  readonly #byResource = new HashIndex();
  readonly #byHostname = new HashIndex();
  readonly #digest = new Digest();
  #size = 0;
  #wildcards = 0;

  get size(): number {
    return this.#size;
  }

  get digest(): string {
    return this.#digest.toString();
  }

  /** Of memory that its records take. */
  get bytes(): number {
    return this.#records.bytes;
  }

  get(resource: string): SettingsEntry | undefined {
    const address = this.#addressOf(keyOf(resource));
    return address === NOWHERE ? undefined : this.#records.at(address).plain;
  }

  *entries(): Generator<SettingsEntry> {
    for (const entry of this.stored()) yield entry.plain;
  }

  /** All entries as they lie in memory. */
  stored(): Iterable<StoredEntry> {
    return this.#records.records();
  }

  /**
   * The entry that rules a request to this host: the exact hostname first, then the longest wildcard. It stays as it is
   * when the table changes; its fields are read when they are asked for, so `plain` is what can be spread.
   */
  match(host: Hostname): StoredEntry | undefined {
    const holder = (name: Hostname) => this.#holder(keyOf(name));
    return this.#wildcards === 0 ? holder(host) : mostSpecific(host, holder);
  }

  /**
   * The first hostname of the changes that another entry would still hold after them, or undefined if there is none.
   * Changes are judged as a whole: a hostname may move from one resource to another in any order.
   */
  conflict(changes: readonly SettingsChange[]): HostnameConflict | undefined {
    const after = new Map(changes.map((change) => [change.resource, change]));
    const taken = new Map<Hostname, string>();
    for (const change of after.values()) {
      if (isRemoval(change)) continue;
      for (const hostname of change.hostnames) {
        const holder = taken.get(hostname) ?? this.#holderBesides(after, hostname);
        if (holder !== undefined) return { hostname, resources: [holder, change.resource] };
        taken.set(hostname, change.resource);
      }
    }
    return undefined;
  }

  /** Applies changes as a whole and tells what became of each resource. They must have no conflict. */
  apply(changes: readonly SettingsChange[]): TableDiff[] {
    const diffs = changes.map((change) => this.#take(change));
    for (const { after } of diffs) if (after) this.#put(stageEntry(after));
    return diffs;
  }

  /**
   * Adds the records that the bytes begin with, as `records` gives them, and tells how many bytes it took: the rest is
   * the beginning of one more. Throws RangeError for what is no record, or does not go with what is there.
   */
  load(bytes: Buffer): number {
    const block = blockOf(bytes);
    for (let end = 0; ;) {
      const run = new RecordRun(block, end, AT_ONCE);
      if (run.length === 0) return end;
      this.#loadRun(run);
      end = run.end;
    }
  }

  /** Makes room for so many more resources at once, which would otherwise be found bit by bit. */
  expect(resources: number): void {
    this.#byResource.expect(resources);
    this.#byHostname.expect(resources);
  }

  /** All records as they are at the time of the call, some at a time, for `load`. */
  records(): Iterable<Buffer> {
    return this.#records.freeze();
  }

  #loadRun(run: RecordRun): void {
    if (this.#size > AT_HAND) this.#lookAhead(run);
    const addresses = this.#records.addAll(run.block, run.bounds);
    let next = 0;
    for (let index = 0; index < run.length; index += 1) {
      const address = addresses[index]!;
      this.#digest.add(run.block.view, run.bounds[index]!, run.bounds[index + 1]!);
      let known = this.#byResource.add(run.resources[index]!, address);
      for (; next < run.hostnamesUpTo[index]!; next += 1)
        known = this.#byHostname.add(run.hostnames[next]!, address) || known;
      if (known) this.#checkNew(address);
    }
    this.#size += run.length;
    this.#wildcards += run.wildcards;
  }

  /** Has the memory at hand that the keys lead to: to wait for each place in turn takes longer. */
  #lookAhead({ resources, hostnames }: RecordRun): void {
    for (const hash of resources) this.#byResource.touch(hash);
    for (const hash of hostnames) this.#byHostname.touch(hash);
  }

  /** `besides`: an address that does not count. */
  #holder(hostname: Key, besides = NOWHERE): StoredEntry | undefined {
    const isIt = (each: number) => each !== besides && this.#records.at(each).has(hostname);
    const address = this.#byHostname.find(hostname.hash, isIt);
    return address === NOWHERE ? undefined : this.#records.at(address);
  }

  #addressOf(resource: Key, besides = NOWHERE): number {
    return this.#byResource.find(
      resource.hash,
      (each) => each !== besides && sameText(this.#records.at(each).resourceText, resource),
    );
  }

  #holderBesides(changed: ReadonlyMap<string, SettingsChange>, hostname: Hostname): string | undefined {
    const holder = this.#holder(keyOf(hostname))?.resource;
    return holder === undefined || changed.has(holder) ? undefined : holder;
  }

  #take(change: SettingsChange): TableDiff {
    const { resource } = change;
    const after = isRemoval(change) ? undefined : change;
    const address = this.#addressOf(keyOf(resource));
    const before = address === NOWHERE ? undefined : this.#records.at(address).plain;
    if (before) this.#remove(address);
    return { resource, before, after };
  }

  #remove(address: number): void {
    const entry = this.#records.at(address);
    const { resource, hostnames } = entry.keys;
    this.#size -= 1;
    this.#wildcards -= hostnames.filter(isWildcard).length;
    this.#digest.remove(entry.block.view, entry.start, entry.end);
    this.#byResource.remove(resource.hash, address);
    for (const { hash } of hostnames) this.#byHostname.remove(hash, address);
    this.#records.kill(address);
  }

  #put(entry: StoredEntry): void {
    const { resource, hostnames } = entry.keys;
    const address = this.#records.add(entry);
    this.#size += 1;
    this.#wildcards += hostnames.filter(isWildcard).length;
    this.#digest.add(entry.block.view, entry.start, entry.end);
    this.#byResource.add(resource.hash, address);
    for (const { hash } of hostnames) this.#byHostname.add(hash, address);
  }

  #move(entry: StoredEntry, from: number, to: number): void {
    const { resource, hostnames } = entry.keys;
    this.#byResource.move(resource.hash, from, to);
    for (const { hash } of hostnames) this.#byHostname.move(hash, from, to);
  }

  /** Throws RangeError if another entry has a key of the one at this address. */
  #checkNew(address: number): void {
    const { resource, hostnames } = this.#records.at(address).keys;
    if (this.#addressOf(resource, address) !== NOWHERE)
      throw new RangeError(`resource ${textOf(resource)} is in it twice`);
    for (const hostname of hostnames) {
      const holder = this.#holder(hostname, address)?.resource;
      if (holder === undefined) continue;
      throw new RangeError(`hostname ${textOf(hostname)} belongs to both ${holder} and ${textOf(resource)}`);
    }
  }
}

function textOf({ bytes, start, end }: Text): string {
  return Buffer.from(bytes.subarray(start, end)).toString();
}
