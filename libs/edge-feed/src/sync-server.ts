import type { Msg } from '@nats-io/transport-node';
import {
  chunkAnswerMessage,
  chunkRequestMessage,
  MAX_MESSAGE_BYTES,
  syncAnswerMessage,
  syncRequestMessage,
  type ChangeMessage,
  type SyncAnswerMessage,
  type SyncRequestMessage,
} from '#contract';
import type { FeedConnection, FeedSubscription } from './connection.js';
import type { FeedSource } from './feed-source.js';
import type { Incoming } from './incoming.js';
import type { FeedLog } from './log.js';
import { sizeOfChange, toMessage } from './messages.js';
import { PutOff } from './put-off.js';
import { SnapshotOffers } from './snapshot-offers.js';
import type { Subjects } from './subjects.js';

const QUEUE = 'projection';
const MAX_CHANGES = 4_000;
/** Room for all of an answer but its entries. */
const ENVELOPE_BYTES = 1_024;

/** Counts of answers given, by their kind. */
export interface SyncCounts {
  changes: number;
  snapshot: number;
  retryLater: number;
}

export interface SyncServerOptions {
  connection: FeedConnection;
  subjects: Subjects;
  /** Random, of this process. */
  replica: string;
  source: FeedSource;
  incoming: Incoming;
  logger: FeedLog;
}

/** Answers agents that ask what they lack, and hands out the chunks of the snapshots it offered. */
export class SyncServer {
  readonly answered: SyncCounts = { changes: 0, snapshot: 0, retryLater: 0 };
  readonly #source: FeedSource;
  readonly #incoming: Incoming;
  readonly #logger: FeedLog;
  readonly #offers: SnapshotOffers;
  readonly #putOff = new PutOff(() => performance.now());
  readonly #subscriptions: FeedSubscription[];

  constructor({ connection, subjects, replica, source, incoming, logger }: SyncServerOptions) {
    this.#source = source;
    this.#incoming = incoming;
    this.#logger = logger;
    this.#offers = new SnapshotOffers(source, subjects.chunk(replica), () => performance.now());
    this.#subscriptions = [
      connection.subscribe(subjects.sync, (message) => void this.#answerSync(message), QUEUE),
      connection.subscribe(subjects.chunk(replica), (message) => this.#answerChunk(message)),
    ];
  }

  stop(): void {
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
  }

  async #answerSync(message: Msg): Promise<void> {
    try {
      const request = this.#incoming.read(syncRequestMessage, message);
      if (request) message.respond(this.#changes(request) ?? (await this.#snapshot(request)));
    } catch (error) {
      this.#logger.warn({ err: error }, 'a sync could not be answered');
    }
  }

  #answerChunk(message: Msg): void {
    const request = this.#incoming.read(chunkRequestMessage, message);
    if (request) message.respond(chunkAnswerMessage.encode(this.#offers.chunk(request)));
  }

  /** Undefined if only a snapshot will do, which also is the way out if the changes cannot be told. */
  #changes(request: SyncRequestMessage): Uint8Array | undefined {
    try {
      const value = this.#lacking(request);
      return value && this.#encoded({ $case: 'changes', value });
    } catch (error) {
      this.#logger.warn({ err: error }, 'what a node lacks could not be told in changes');
      return undefined;
    }
  }

  /** Undefined if it is too much to tell. A node ahead of this replica learns where the replica stands. */
  #lacking({ epoch, position, snapshot }: SyncRequestMessage): ChangeMessage | undefined {
    const head = this.#source.head();
    if (snapshot || epoch !== head.epoch) return undefined;
    const previous = position < head.position ? position : head.position;
    const changes = previous === head.position ? [] : this.#source.changesSince(previous, MAX_CHANGES);
    if (!changes) return undefined;
    const bytes = changes.reduce((sum, change) => sum + sizeOfChange(change), ENVELOPE_BYTES);
    return bytes > MAX_MESSAGE_BYTES ? undefined : toMessage({ ...head, previous, changes });
  }

  async #snapshot(request: SyncRequestMessage): Promise<Uint8Array> {
    const offer = await this.#offers.offer(request);
    if (!offer)
      return this.#encoded({ $case: 'retryLater', value: { afterMs: this.#putOff.add(request.node) } });
    this.#putOff.remove(request.node);
    return this.#encoded({ $case: 'snapshot', value: offer });
  }

  #encoded(answer: NonNullable<SyncAnswerMessage['answer']>): Uint8Array {
    const bytes = syncAnswerMessage.encode({ answer });
    this.answered[answer.$case] += 1;
    return bytes;
  }
}
