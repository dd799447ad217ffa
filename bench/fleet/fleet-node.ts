import {
  connectFeed,
  FeedClient,
  type At,
  type FeedChange,
  type FeedHandler,
  type Outcome,
} from '#edge-feed';
import { decodeSnapshot, EMPTY_DIGEST, SettingsTable } from '#settings';
import { monotonic } from '../harness/monotonic.js';

const NOWHERE: At = { epoch: '', position: 0n, digest: EMPTY_DIGEST };
const QUIET = {
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  debug: () => undefined,
};

/** A node with a connection, a feed client and a settings table of its own; but no disk and no proxy. */
export class FleetNode implements FeedHandler {
  #table = new SettingsTable();
  #at = NOWHERE;
  /** When the present position was reached. */
  reachedAt = 0;
  snapshots = 0;
  readonly #feed: FeedClient;

  constructor(servers: string[], fleet: string, node: string) {
    const connection = connectFeed({ servers, name: node, logger: QUIET });
    const description = { node, region: 'bench', ring: 'bench', version: '0', enforcer: 'none' };
    const vitals = () => ({ openConnections: 0 });
    this.#feed = new FeedClient({ connection, fleet, description, handler: this, vitals, logger: QUIET });
  }

  get connected(): boolean {
    return this.#feed.state.connected;
  }

  at(): At {
    return this.#at;
  }

  /** As if the machine had been replaced: only a snapshot will do. */
  forget(): void {
    this.#table = new SettingsTable();
    this.#at = NOWHERE;
  }

  async applyChange({ epoch, position, digest, changes }: FeedChange): Promise<Outcome> {
    const conflict = this.#table.conflict(changes);
    if (conflict) return { refused: `two resources would hold ${conflict.hostname}` };
    this.#table.apply(changes);
    if (this.#table.digest !== digest) throw new Error(`${this.#table.digest} is not the digest ${digest}`);
    return this.#reach({ epoch, position, digest });
  }

  async applySnapshot(bytes: Buffer): Promise<Outcome> {
    const { epoch, position, table } = await decodeSnapshot(bytes);
    this.#table = table;
    this.snapshots += 1;
    return this.#reach({ epoch, position, digest: table.digest });
  }

  #reach(at: At): Outcome {
    this.#at = at;
    this.reachedAt = monotonic();
    return 'applied';
  }
}
