import { mostSpecific, type Hostname } from '#hostname';
import { Digest } from './digest.js';
import { HashIndex } from './hash-index.js';
import { stageEntry } from './entry-codec.js';
import { keyIn, keyOf, sameText, type Key, type Text } from './record-key.js';
import { blockOf, type Block } from './record-layout.js';
import { RecordPages } from './record-pages.js';
import { isRemoval, type SettingsChange, type SettingsEntry } from './settings-entry.js';
import { endOfWhole, StoredEntry } from './stored-entry.js';

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
    const end = endOfWhole(block);
    this.#lookAhead(block, end);
    this.#records.addAll(block, end, (entry, address) => {
      this.#checkNew(entry);
      this.#index(entry, address);
    });
    return end;
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

  /** Has the memory at hand that the keys of these records lead to: to wait for each place in turn takes longer. */
  #lookAhead(block: Block, end: number): void {
    const resources: number[] = [];
    const hostnames: number[] = [];
    for (let start = 0; start < end;) {
      const entry = new StoredEntry(block, start);
      resources.push(keyIn(entry.resourceText).hash);
      entry.eachHostname((text) => hostnames.push(keyIn(text).hash));
      start = entry.end;
    }
    this.#byResource.touch(resources);
    this.#byHostname.touch(hostnames);
  }

  #holder(hostname: Key): StoredEntry | undefined {
    const address = this.#byHostname.find(hostname.hash, (each) => this.#records.at(each).has(hostname));
    return address === NOWHERE ? undefined : this.#records.at(address);
  }

  #addressOf(resource: Key): number {
    return this.#byResource.find(resource.hash, (each) =>
      sameText(this.#records.at(each).resourceText, resource),
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
    this.#size -= 1;
    this.#digest.remove(entry.block.view, entry.start, entry.end);
    this.#byResource.remove(keyIn(entry.resourceText).hash, address);
    entry.eachHostname((text) => {
      this.#byHostname.remove(keyIn(text).hash, address);
      if (isWildcard(text)) this.#wildcards -= 1;
    });
    this.#records.kill(address);
  }

  #put(entry: StoredEntry): void {
    this.#index(entry, this.#records.add(entry));
  }

  #index(entry: StoredEntry, address: number): void {
    this.#size += 1;
    this.#digest.add(entry.block.view, entry.start, entry.end);
    this.#byResource.add(keyIn(entry.resourceText).hash, address);
    entry.eachHostname((text) => {
      this.#byHostname.add(keyIn(text).hash, address);
      if (isWildcard(text)) this.#wildcards += 1;
    });
  }

  #move(entry: StoredEntry, from: number, to: number): void {
    this.#byResource.move(keyIn(entry.resourceText).hash, from, to);
    entry.eachHostname((text) => this.#byHostname.move(keyIn(text).hash, from, to));
  }

  #checkNew(entry: StoredEntry): void {
    if (this.#addressOf(keyIn(entry.resourceText)) !== NOWHERE)
      throw new RangeError(`resource ${entry.resource} is in it twice`);
    entry.eachHostname((text) => {
      const holder = this.#holder(keyIn(text));
      if (!holder) return;
      const hostname = Buffer.from(text.bytes.subarray(text.start, text.end)).toString();
      throw new RangeError(`hostname ${hostname} belongs to both ${holder.resource} and ${entry.resource}`);
    });
  }
}

const ASTERISK = 0x2a;

function isWildcard({ bytes, start }: Text): boolean {
  return bytes[start] === ASTERISK;
}
