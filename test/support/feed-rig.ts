import {
  connectFeed,
  FeedClient,
  FeedPublisher,
  subjectsOf,
  type FeedConnection,
  type FeedSource,
  type NodeStatus,
} from '#edge-feed';
import { eventually } from './condition.js';
import { NatsServer } from './nats.js';
import { TableNode } from './feed.js';

export const FLEET = 'test';
export const subjects = subjectsOf(FLEET);

/** A replica of the control plane: its source, its end of the feed, and the statuses that it heard. */
export interface Replica {
  publisher: FeedPublisher;
  statuses: NodeStatus[];
}

export interface JoinedNode {
  handler: TableNode;
  client: FeedClient;
}

/** A real NATS server with replicas and nodes on it, each with a connection of its own, all ended by `stop`. */
export class FeedRig {
  /** What was logged. */
  readonly log: { message: string; fields: object }[] = [];
  readonly #ends: (() => unknown)[] = [];

  private constructor(readonly nats: NatsServer) {}

  static async launch(): Promise<FeedRig> {
    return new FeedRig(await NatsServer.launch());
  }

  /** With a server that is down. */
  static async reserve(): Promise<FeedRig> {
    return new FeedRig(await NatsServer.reserve());
  }

  get logger() {
    const note = (fields: object, message: string) => void this.log.push({ fields, message });
    return { info: note, warn: note };
  }

  connect(name: string): FeedConnection {
    const connection = connectFeed({ servers: [this.nats.url], name, logger: this.logger });
    this.#ends.unshift(() => connection.close());
    return connection;
  }

  /** A connection for a test's own messages. */
  async wire(): Promise<FeedConnection> {
    const connection = this.connect('wire');
    await eventually('the wire to be connected', () => connection.connected);
    return connection;
  }

  replica(source: FeedSource, liveNodes?: () => number): Replica {
    const connection = this.connect('replica');
    const publisher = new FeedPublisher({
      connection,
      fleet: FLEET,
      source,
      ...(liveNodes && { liveNodes }),
      logger: this.logger,
    });
    const statuses: NodeStatus[] = [];
    publisher.onStatus((status) => statuses.push(status));
    this.#ends.unshift(() => publisher.stop());
    return { publisher, statuses };
  }

  node(name: string, handler = new TableNode()): JoinedNode {
    const client = new FeedClient({
      connection: this.connect(name),
      fleet: FLEET,
      description: { node: name, region: 'eu', ring: 'stable', version: '1', enforcer: 'builtin' },
      handler,
      vitals: () => ({ openConnections: handler.table.size }),
      logger: this.logger,
    });
    this.#ends.unshift(() => client.close());
    return { handler, client };
  }

  async stop(): Promise<void> {
    for (const end of this.#ends) await end();
    await this.nats.stop();
  }
}

/** Waits until the node stands where the log does. */
export function caughtUp({ handler, client }: JoinedNode, log: Pick<FeedSource, 'head'>): Promise<unknown> {
  return eventually('the node to be at the head of the log', () => {
    const [at, head] = [handler.at(), log.head()];
    if (at.epoch === head.epoch && at.position === head.position && at.digest === head.digest) return true;
    throw new Error(`it is at ${at.epoch} ${at.position}, ${JSON.stringify(client.state.counts)}`);
  });
}
