import type { At, EncodedSnapshot, FeedChange, FeedHandler, FeedSource, Outcome } from '#edge-feed';
import {
  decodeSnapshot,
  EMPTY_DIGEST,
  encodeSnapshot,
  SettingsTable,
  type SettingsChange,
  type SettingsEntry,
} from '#settings';

/** A settings entry whose hostname is made of its id, unless others are given. */
export function settingsEntry(
  resource: string,
  position: bigint,
  { enabled = true, hostnames = [`${resource}.example`] } = {},
): SettingsEntry {
  const websockets = { enabled, openConnections: { mode: 'close' as const }, position };
  return { resource, position, hostnames, origin: 'http://127.0.0.1:1', websockets };
}

/** What a projection holds: a log folded into settings, that can be told from any position on. */
export class FoldedLog implements FeedSource {
  readonly table = new SettingsTable();
  readonly #latest = new Map<string, SettingsChange>();
  #position = 0n;
  snapshotsBuilt = 0;

  constructor(public epoch: string) {}

  /** Events, one after the other; the change to publish for all of them. */
  append(...makers: ((position: bigint) => SettingsChange)[]): FeedChange {
    const previous = this.#position;
    const changed = new Set(makers.map((make) => this.#fold(make(this.#position + 1n))));
    const changes = [...changed].map((resource) => this.#latest.get(resource)!);
    return { ...this.head(), previous, changes };
  }

  /** An event that sets an entry. */
  set(resource: string, options?: Parameters<typeof settingsEntry>[2]): FeedChange {
    return this.append((position) => settingsEntry(resource, position, options));
  }

  head(): At {
    return { epoch: this.epoch, position: this.#position, digest: this.table.digest };
  }

  changesSince(position: bigint, limit: number): SettingsChange[] | undefined {
    const changes = [...this.#latest.values()].filter((change) => change.position > position);
    return changes.length > limit ? undefined : changes;
  }

  async snapshot(): Promise<EncodedSnapshot> {
    this.snapshotsBuilt += 1;
    const { epoch, position } = this.head();
    return { epoch, position, bytes: await encodeSnapshot(epoch, position, this.table) };
  }

  #fold(change: SettingsChange): string {
    this.table.apply([change]);
    this.#latest.set(change.resource, change);
    this.#position = change.position;
    return change.resource;
  }
}

/** A node that keeps its settings in memory, refuses the hostnames that it is told to, and can be broken. */
export class TableNode implements FeedHandler {
  table = new SettingsTable();
  readonly refuse = new Set<string>();
  broken = false;
  /** Every place it has been at, in order. */
  readonly path: At[] = [{ epoch: '', position: 0n, digest: EMPTY_DIGEST }];

  at(): At {
    return this.path.at(-1)!;
  }

  async applyChange({ epoch, position, digest, changes }: FeedChange): Promise<Outcome> {
    if (this.broken) throw new Error('the disk is on fire');
    const table = new SettingsTable();
    table.apply([...this.table.entries()]);
    const conflict = table.conflict(changes);
    if (conflict) return { refused: `two resources would hold ${conflict.hostname}` };
    table.apply(changes);
    return table.digest === digest ? this.#take(table, { epoch, position, digest }) : 'drifted';
  }

  async applySnapshot(bytes: Buffer): Promise<Outcome> {
    const { epoch, position, table } = await decodeSnapshot(bytes);
    return this.#take(table, { epoch, position, digest: table.digest });
  }

  #take(table: SettingsTable, at: At): Outcome {
    const refused = [...this.refuse].find((hostname) => table.match(hostname));
    if (refused !== undefined) return { refused: `${refused} is not wanted here` };
    this.table = table;
    this.path.push(at);
    return 'applied';
  }
}
