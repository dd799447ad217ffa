import { encodeSnapshot, removalOf, SettingsTable, type SettingsChange, type SettingsEntry } from '#settings';

export type Draft = Partial<Omit<SettingsEntry, 'websockets'>> & {
  resource: string;
  enabled?: boolean;
  openConnections?: SettingsEntry['websockets']['openConnections'];
};

/** Settings as a control plane has them, position by position, with what it would tell the edges of each change. */
export class SettingsLog {
  readonly table = new SettingsTable();
  position = 0n;

  constructor(readonly epoch = 'epoch-1') {}

  /** Sets resources, a position each, and tells of them as one change. */
  set(...drafts: Draft[]) {
    return this.#change((position) => drafts.map((draft, index) => entryOf(draft, position + BigInt(index))));
  }

  remove(...resources: string[]) {
    return this.#change((position) =>
      resources.map((resource, index) => removalOf(this.table.get(resource)!, position + BigInt(index))),
    );
  }

  at() {
    return { epoch: this.epoch, position: this.position, digest: this.table.digest };
  }

  snapshot(): Promise<Buffer> {
    return encodeSnapshot(this.epoch, this.position, this.table);
  }

  #change(make: (position: bigint) => SettingsChange[]) {
    const previous = this.position;
    const changes = make(previous + 1n);
    this.table.apply(changes);
    this.position += BigInt(changes.length);
    return { ...this.at(), previous, changes };
  }
}

function entryOf(draft: Draft, position: bigint): SettingsEntry {
  const { resource, hostnames = [`${resource}.test`], origin = 'http://origin.test' } = draft;
  const { enabled = true, openConnections = { mode: 'keep' } } = draft;
  return { resource, position, hostnames, origin, websockets: { enabled, openConnections, position } };
}
