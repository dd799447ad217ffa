import type { Msg } from '@nats-io/transport-node';
import {
  chunkAnswerMessage,
  chunkRequestMessage,
  MAX_MESSAGE_BYTES,
  syncAnswerMessage,
  syncRequestMessage,
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
      if (request) message.respond(syncAnswerMessage.encode(await this.#answer(request)));
    } catch (error) {
      this.#logger.warn({ err: error }, 'a sync could not be answered');
    }
  }

  #answerChunk(message: Msg): void {
    const request = this.#incoming.read(chunkRequestMessage, message);
    if (request) message.respond(chunkAnswerMessage.encode(this.#offers.chunk(request)));
  }

  async #answer(request: SyncRequestMessage): Promise<SyncAnswerMessage> {
    const answer = this.#changes(request) ?? (await this.#snapshot(request));
    if (answer.answer) this.answered[answer.answer.$case] += 1;
    return answer;
  }

  /** Undefined if only a snapshot will do. A node ahead of this replica learns where the replica stands. */
  #changes({ epoch, position, snapshot }: SyncRequestMessage): SyncAnswerMessage | undefined {
    const head = this.#source.head();
    if (snapshot || epoch !== head.epoch) return undefined;
    const previous = position < head.position ? position : head.position;
    const changes = previous === head.position ? [] : this.#source.changesSince(previous, MAX_CHANGES);
    if (!changes) return undefined;
    const bytes = changes.reduce((sum, change) => sum + sizeOfChange(change), ENVELOPE_BYTES);
    if (bytes > MAX_MESSAGE_BYTES) return undefined;
    return { answer: { $case: 'changes', value: toMessage({ ...head, previous, changes }) } };
  }

  async #snapshot(request: SyncRequestMessage): Promise<SyncAnswerMessage> {
    const offer = await this.#offers.offer(request);
    if (!offer)
      return { answer: { $case: 'retryLater', value: { afterMs: this.#putOff.add(request.node) } } };
    this.#putOff.remove(request.node);
    return { answer: { $case: 'snapshot', value: offer } };
  }
}
