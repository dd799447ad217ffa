import { randomUUID } from 'node:crypto';
import { headers, type Msg } from '@nats-io/transport-node';
import {
  changeMessage,
  forgetMessage,
  headMessage,
  MAX_STATUS_WITHIN_MS,
  MessageInvalid,
  statusMessage,
} from '#contract';
import type { FeedConnection, FeedSubscription } from './connection.js';
import { Coverage } from './coverage.js';
import type { FeedSource } from './feed-source.js';
import { Incoming } from './incoming.js';
import type { FeedLog } from './log.js';
import { toMessage, type FeedChange, type NodeStatus } from './messages.js';
import { subjectsOf, tokenOf, type Subjects } from './subjects.js';
import { SyncServer, type SyncCounts } from './sync-server.js';
import { writeTrace } from './trace.js';

/** Above this a burst is better published in several changes, cut before it is coalesced. */
export const PREFERRED_CHANGE_BYTES = 512 * 1024;
const HEAD_EVERY_MS = 1_000;
/** What a replica hears after a change, while it may have to tell of the next one. */
const STATUSES_PER_MS = 10;
const REPLICA_HEADER = 'Upgate-Replica';

export interface FeedPublisherOptions {
  connection: FeedConnection;
  fleet: string;
  source: FeedSource;
  /** How many nodes report. */
  liveNodes?: () => number;
  logger: FeedLog;
}

/** What the publisher has done since its start. */
export interface PublisherCounts {
  published: number;
  /** Not published, because another replica had. */
  heldBack: number;
  /** Heads heard of another replica with another digest at the same position. */
  disputed: number;
  malformed: number;
  syncs: Readonly<SyncCounts>;
}

/**
 * The control plane's end of the feed, in one replica of the projection: publishes changes and heads, answers syncs,
 * hears the nodes' statuses. Begins at once; `source` must know its head by then.
 */
export class FeedPublisher {
  readonly #connection: FeedConnection;
  readonly #subjects: Subjects;
  readonly #source: FeedSource;
  readonly #liveNodes: () => number;
  readonly #logger: FeedLog;
  readonly #replica = randomUUID();
  readonly #incoming: Incoming;
  readonly #heard = new Coverage();
  readonly #syncs: SyncServer;
  readonly #subscriptions: FeedSubscription[];
  readonly #heads: NodeJS.Timeout;
  #published = 0;
  #heldBack = 0;
  #disputed = 0;

  constructor({ connection, fleet, source, liveNodes = () => 0, logger }: FeedPublisherOptions) {
    this.#connection = connection;
    this.#subjects = subjectsOf(fleet);
    this.#source = source;
    this.#liveNodes = liveNodes;
    this.#logger = logger;
    this.#incoming = new Incoming(logger);
    this.#syncs = new SyncServer({
      connection,
      subjects: this.#subjects,
      replica: this.#replica,
      source,
      incoming: this.#incoming,
      logger,
    });
    this.#subscriptions = [
      connection.subscribe(this.#subjects.change, (message) => this.#hear(message)),
      connection.subscribe(this.#subjects.head, (message) => this.#compare(message)),
      connection.onConnect(() => this.#publishHead()),
    ];
    this.#heads = setInterval(() => this.#publishHead(), HEAD_EVERY_MS);
  }

  get counts(): PublisherCounts {
    return {
      published: this.#published,
      heldBack: this.#heldBack,
      disputed: this.#disputed,
      malformed: this.#incoming.malformed,
      syncs: this.#syncs.answered,
    };
  }

  /** Tells all nodes of a change, unless another replica has. What cannot be sent the nodes will get by a sync. */
  publish(change: FeedChange): void {
    if (this.#heard.covers(change)) {
      this.#heldBack += 1;
      return;
    }
    try {
      const bytes = changeMessage.encode(toMessage(change));
      const origin = headers();
      origin.set(REPLICA_HEADER, this.#replica);
      if (change.trace) writeTrace(origin, change.trace);
      if (this.#connection.publish(this.#subjects.change, bytes, { headers: origin })) this.#published += 1;
    } catch (error) {
      if (!(error instanceof MessageInvalid)) throw error;
      this.#logger.warn({ position: change.position, reason: error.message }, 'a change cannot be published');
    }
  }

  /** Calls the handler with every node's reports. A node can report for itself only. */
  onStatus(handler: (status: NodeStatus) => void): FeedSubscription {
    const subscription = this.#connection.subscribe(this.#subjects.statuses, (message) => {
      const status = this.#incoming.read(statusMessage, message);
      if (!status) return;
      if (message.subject.endsWith(`.${tokenOf(status.node)}`)) handler(status);
      else this.#incoming.refuse(message.subject, `it is the status of another node, ${status.node}`);
    });
    this.#subscriptions.push(subscription);
    return subscription;
  }

  /** Tells all replicas, this one too, that a node is to be forgotten. */
  forget(node: string): void {
    this.#connection.publish(this.#subjects.forget, forgetMessage.encode({ node }));
  }

  onForget(handler: (node: string) => void): FeedSubscription {
    const subscription = this.#connection.subscribe(this.#subjects.forget, (message) => {
      const forget = this.#incoming.read(forgetMessage, message);
      if (forget) handler(forget.node);
    });
    this.#subscriptions.push(subscription);
    return subscription;
  }

  stop(): void {
    clearInterval(this.#heads);
    this.#syncs.stop();
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
  }

  /** Runs by the clock: nobody else would hear of a failure. */
  #publishHead(): void {
    try {
      const { epoch, position, digest } = this.#source.head();
      const statusWithinMs = Math.min(MAX_STATUS_WITHIN_MS, Math.floor(this.#liveNodes() / STATUSES_PER_MS));
      const head = { epoch, position, digest, statusWithinMs };
      this.#connection.publish(this.#subjects.head, headMessage.encode(head));
    } catch (error) {
      this.#logger.warn({ err: error }, 'the head cannot be published');
    }
  }

  /** Replicas that fold the same log must agree: which of them is wrong only a rebuild can tell. */
  #compare(message: Msg): void {
    const heard = this.#incoming.read(headMessage, message);
    const { epoch, position, digest } = this.#source.head();
    if (heard?.epoch !== epoch || heard.position !== position || heard.digest === digest) return;
    this.#disputed += 1;
    this.#logger.warn(
      { position: position.toString(), digest, heard: heard.digest },
      'another replica has another digest at this position: rebuild the read model of both',
    );
  }

  #hear(message: Msg): void {
    if (message.headers?.get(REPLICA_HEADER) === this.#replica) return;
    const change = this.#incoming.read(changeMessage, message);
    if (change) this.#heard.add(change);
  }
}
