import { mostSpecific, type Hostname } from '#hostname';
import { Digest } from './digest.js';
import { stageEntry } from './entry-codec.js';
import { NOWHERE, RecordIndex } from './record-index.js';
import { keyOf } from './record-key.js';
import { blockOf } from './record-layout.js';
import { RecordPages } from './record-pages.js';
import { RecordRun } from './record-run.js';
import { isRemoval, type SettingsChange, type SettingsEntry } from './settings-entry.js';
import type { StoredEntry } from './stored-entry.js';

/** A change, and how the resource's entry was before it; undefined: not there. A removal is of one that was. */
export interface TableDiff {
  /** As it lies in memory, which it keeps from being freed. */
  before: SettingsEntry | undefined;
  change: SettingsChange;
}

/** A hostname that two resources would hold. */
export interface HostnameConflict {
  hostname: Hostname;
  resources: [string, string];
}

/** Records that are loaded together. */
const AT_ONCE = 128;

/** The current settings of every live resource, by id and by hostname, with their digest; off the heap. */
export class SettingsTable {
  readonly #records = new RecordPages((entry, from, to) => this.#index.move(entry, from, to));
  readonly #index = new RecordIndex(this.#records);
  readonly #digest = new Digest();

  get size(): number {
    return this.#index.size;
  }

  get digest(): string {
    return this.#digest.toString();
  }

  /** Of memory that its records take. */
  get bytes(): number {
    return this.#records.bytes;
  }

  get(resource: string): SettingsEntry | undefined {
    const address = this.#index.addressOf(keyOf(resource));
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
    const holder = (name: Hostname) => this.#index.holder(keyOf(name));
    return this.#index.hasWildcards ? mostSpecific(host, holder) : holder(host);
  }

  /**
   * The first hostname of the changes that another entry would still hold after them, or undefined if there is none.
   * Changes are judged as a whole: a hostname may move from one resource to another in any order.
   */
  conflict(changes: readonly SettingsChange[]): HostnameConflict | undefined {
    const moving = changes.filter((change) => this.#movesHostnames(change));
    const after = new Map(moving.map((change) => [change.resource, change]));
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

  /** Applies changes as a whole and tells what they did. They must have no conflict. */
  apply(changes: readonly SettingsChange[]): TableDiff[] {
    const diffs: TableDiff[] = [];
    const added: SettingsEntry[] = [];
    for (const change of changes) {
      const address = this.#index.addressOf(keyOf(change.resource));
      const before = address === NOWHERE ? undefined : this.#records.at(address);
      const after = isRemoval(change) ? undefined : change;
      if (before || after) diffs.push({ before, change });
      if (before && after && before.holds(after.hostnames)) {
        this.#revise(address, before, after);
        continue;
      }
      if (before) this.#remove(address, before);
      if (after) added.push(after);
    }
    for (const entry of added) this.#add(stageEntry(entry));
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
    this.#index.expect(resources);
  }

  /** All records as they are at the time of the call, some at a time, for `load`. */
  records(): Iterable<Buffer> {
    return this.#records.freeze();
  }

  #loadRun(run: RecordRun): void {
    const { block, bounds } = run;
    this.#index.addRun(run, this.#records.addAll(block, bounds));
    for (let index = 0; index < run.length; index += 1)
      this.#digest.add(block.view, bounds[index]!, bounds[index + 1]!);
  }

  /** Whether a change gives hostnames up or takes new ones: most do not. */
  #movesHostnames(change: SettingsChange): boolean {
    if (isRemoval(change)) return true;
    const address = this.#index.addressOf(keyOf(change.resource));
    return address === NOWHERE || !this.#records.at(address).holds(change.hostnames);
  }

  #holderBesides(changed: ReadonlyMap<string, SettingsChange>, hostname: Hostname): string | undefined {
    const holder = this.#index.holder(keyOf(hostname))?.resource;
    return holder === undefined || changed.has(holder) ? undefined : holder;
  }

  /** Puts an entry in the place of one with the same keys. */
  #revise(address: number, before: StoredEntry, after: SettingsEntry): void {
    this.#digest.remove(before.block.view, before.start, before.end);
    this.#records.kill(address);
    this.#index.move(before, address, this.#keep(stageEntry(after)));
  }

  #remove(address: number, entry: StoredEntry): void {
    this.#digest.remove(entry.block.view, entry.start, entry.end);
    this.#index.remove(entry, address);
    this.#records.kill(address);
  }

  #add(entry: StoredEntry): void {
    this.#index.add(entry, this.#keep(entry));
  }

  /** Gives the address. */
  #keep(entry: StoredEntry): number {
    this.#digest.add(entry.block.view, entry.start, entry.end);
    return this.#records.add(entry);
  }
}
