import { HostnameIndex, type Hostname } from '#hostname';
import { Digest } from './digest.js';
import { canonicalEntry, isRemoval, type SettingsChange, type SettingsEntry } from './settings-entry.js';

/** How a resource's entry was before and is after a change; undefined: not there. */
export interface TableDiff {
  resource: string;
  before: SettingsEntry | undefined;
  after: SettingsEntry | undefined;
}

/** The current settings of every live resource, by id and by hostname, with their digest. */
export class SettingsTable {
  readonly #entries = new Map<string, SettingsEntry>();
  readonly #byHostname = new HostnameIndex<SettingsEntry>();
  readonly #digest = new Digest();

  get size(): number {
    return this.#entries.size;
  }

  get digest(): string {
    return this.#digest.toString();
  }

  get(resource: string): SettingsEntry | undefined {
    return this.#entries.get(resource);
  }

  entries(): IterableIterator<SettingsEntry> {
    return this.#entries.values();
  }

  /** The entry that rules a request to this host: the exact hostname first, then the longest wildcard. */
  match(host: Hostname): SettingsEntry | undefined {
    return this.#byHostname.match(host);
  }

  /**
   * The first hostname of the changes that another entry would still hold after them, or undefined if there is none.
   * Changes are judged as a whole: a hostname may move from one resource to another in any order.
   */
  conflict(
    changes: readonly SettingsChange[],
  ): { hostname: Hostname; resources: [string, string] } | undefined {
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
    for (const { after } of diffs) if (after) this.#put(after);
    return diffs;
  }

  #holderBesides(changed: ReadonlyMap<string, SettingsChange>, hostname: Hostname): string | undefined {
    const holder = this.#byHostname.get(hostname)?.resource;
    return holder === undefined || changed.has(holder) ? undefined : holder;
  }

  #take(change: SettingsChange): TableDiff {
    const before = this.#entries.get(change.resource);
    if (before) {
      this.#entries.delete(change.resource);
      this.#digest.remove(canonicalEntry(before));
      for (const hostname of before.hostnames) this.#byHostname.delete(hostname);
    }
    return { resource: change.resource, before, after: isRemoval(change) ? undefined : change };
  }

  #put(entry: SettingsEntry): void {
    this.#entries.set(entry.resource, entry);
    this.#digest.add(canonicalEntry(entry));
    for (const hostname of entry.hostnames) this.#byHostname.set(hostname, entry);
  }
}
