import { randomUUID } from 'node:crypto';
import type { Msg } from '@nats-io/transport-node';
import {
  changeMessage,
  headMessage,
  MAX_ERROR_LENGTH,
  MessageInvalid,
  rollCallMessage,
  statusMessage,
} from '#contract';
import type { FeedConnection, FeedSubscription } from './connection.js';
import type { FeedHandler } from './feed-handler.js';
import { Follower, type FollowerCounts } from './follower.js';
import { HeadWatch } from './head-watch.js';
import { Incoming } from './incoming.js';
import type { FeedLog } from './log.js';
import { fromMessage, type NodeStatus } from './messages.js';
import type { At } from './ordering.js';
import { StatusReporter } from './status-reporter.js';
import { subjectsOf, type Subjects } from './subjects.js';
import { SyncClient } from './sync-client.js';
import { readTrace } from './trace.js';

/** Over which a fleet that was cut off spreads its syncs. */
const REJOIN_JITTER_MS = 1_000;
/** Over which a fleet spreads its answers to a roll call. */
const ROLL_CALL_MS = 1_000;
/** A node that joins asks for what it lacks before it reports. */
const JOINED_MS = 1;

export interface NodeDescription {
  /** Up to 128 characters without white space or control characters. */
  node: string;
  region: string;
  ring: string;
  version: string;
  enforcer: string;
  /** Of the data folder that the agent has for itself; without one a restart looks like a second agent for 15 s. */
  home?: string;
}

export interface FeedClientOptions {
  connection: FeedConnection;
  fleet: string;
  description: NodeDescription;
  handler: FeedHandler;
  /** What else a status tells: an error given here is reported when the feed has none of its own. */
  vitals: () => { openConnections: number; error?: string };
  /** Whether changes are handed on with the trace that they are part of. */
  traced?: boolean;
  logger: FeedLog;
}

export interface FeedState {
  connected: boolean;
  /** No head for 5 s: the policy may be out of date. */
  stale: boolean;
  /** For a while the log's head has been below what is applied: it was put back without a new epoch. */
  ahead: boolean;
  /** The last head heard over the present connection. */
  head: At | undefined;
  lastHeadAt: Date | undefined;
  /** Why the last change was refused. */
  refused: string | undefined;
  counts: Readonly<FollowerCounts & { malformed: number }>;
}

/** A node's end of the feed: keeps its handler at the head of the log, and reports what it applied. Begins at once. */
export class FeedClient {
  readonly #options: FeedClientOptions;
  readonly #instance = randomUUID();
  readonly #subjects: Subjects;
  readonly #incoming: Incoming;
  readonly #watch: HeadWatch;
  readonly #follower: Follower;
  readonly #reporter = new StatusReporter(() => this.#sendStatus());
  readonly #subscriptions: FeedSubscription[];
  #joined = false;
  /** Within which a fleet of this size reports one change: in its second half, when the change has reached them all. */
  #statusWithinMs = 0;

  constructor(options: FeedClientOptions) {
    const { connection, fleet, description, handler, logger } = options;
    this.#options = options;
    this.#subjects = subjectsOf(fleet);
    this.#incoming = new Incoming(logger);
    this.#watch = new HeadWatch(() => this.#watchChanged());
    this.#follower = new Follower({
      handler,
      syncs: new SyncClient(connection, this.#subjects, description.node),
      connected: () => connection.connected,
      head: () => this.#watch.head,
      settled: () => this.#reporter.report(((1 + Math.random()) / 2) * this.#statusWithinMs),
      logger,
    });
    this.#subscriptions = [
      connection.subscribe(this.#subjects.change, (message) => this.#hearChange(message)),
      connection.subscribe(this.#subjects.head, (message) => this.#hearHead(message)),
      connection.subscribe(this.#subjects.rollCall, (message) => this.#hearRollCall(message)),
      connection.onConnect(() => this.#join()),
    ];
  }

  get state(): FeedState {
    const { head, lastHeadAt, stale, ahead } = this.#watch;
    const { counts, refused } = this.#follower;
    return {
      connected: this.#options.connection.connected,
      stale,
      ahead,
      head,
      lastHeadAt,
      refused,
      counts: { ...counts, malformed: this.#incoming.malformed },
    };
  }

  /** Lets what is being applied come to its end, and says that the node leaves. */
  async close(): Promise<void> {
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
    await this.#follower.stop();
    this.#watch.stop();
    this.#reporter.stop();
    this.#sendStatus(true);
    await this.#options.connection.flush();
  }

  /** Only a fleet that was cut off comes back all at once: the first time a node joins without delay. */
  #join(): void {
    this.#watch.reconnected();
    this.#follower.join(this.#joined ? Math.random() * REJOIN_JITTER_MS : 0);
    this.#joined = true;
    this.#reporter.report(JOINED_MS);
  }

  #hearChange(message: Msg): void {
    const refused = (reason: string) => this.#follower.refuse(`a change cannot be read: ${reason}`);
    const change = this.#incoming.read(changeMessage, message, refused);
    if (!change) return;
    const trace = this.#options.traced ? readTrace(message.headers) : undefined;
    this.#follower.hear({ ...fromMessage(change), ...(trace && { trace }) }, message.data.length);
  }

  #hearHead(message: Msg): void {
    const head = this.#incoming.read(headMessage, message);
    if (!head) return;
    this.#statusWithinMs = head.statusWithinMs;
    this.#follower.heed(this.#watch.heard(head, this.#options.handler.at()));
  }

  #hearRollCall(message: Msg): void {
    if (this.#incoming.read(rollCallMessage, message)) this.#reporter.report(Math.random() * ROLL_CALL_MS);
  }

  #watchChanged(): void {
    const { stale, ahead } = this.#watch;
    this.#options.logger.info({ stale, ahead }, stale ? 'no head is heard: stale' : 'heads are heard');
    this.#reporter.report();
  }

  #sendStatus(leaving = false): void {
    const { connection, description, logger } = this.#options;
    try {
      connection.publish(
        this.#subjects.status(description.node),
        statusMessage.encode(this.#status(leaving)),
      );
    } catch (failure) {
      if (!(failure instanceof MessageInvalid)) throw failure;
      logger.warn({ reason: failure.message }, 'the status cannot be sent');
    }
  }

  #status(leaving: boolean): NodeStatus {
    const { description, handler } = this.#options;
    const { epoch, position, digest } = handler.at();
    const identity = { instance: this.#instance, home: '', ...description };
    return { ...identity, epoch, position, digest, ...this.#problem(), leaving };
  }

  #problem(): { openConnections: number; error: string } {
    const { openConnections, error } = this.#options.vitals();
    const { ahead, head } = this.#watch;
    const fromWatch = ahead
      ? `ahead: the log's head, ${head?.position}, is below what is applied`
      : undefined;
    const problem = this.#follower.refused ?? fromWatch ?? error ?? '';
    return { openConnections, error: problem.slice(0, MAX_ERROR_LENGTH) };
  }
}
