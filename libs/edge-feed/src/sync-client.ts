import { hash } from 'node:crypto';
import {
  chunkAnswerMessage,
  chunkRequestMessage,
  MessageInvalid,
  syncAnswerMessage,
  syncRequestMessage,
  type ChangeMessage,
  type FeedMessage,
  type SnapshotOffer,
  type SyncAnswerMessage,
} from '#contract';
import { FeedUnavailable, type FeedConnection } from './connection.js';
import type { At } from './ordering.js';
import type { Subjects } from './subjects.js';

const TIMEOUT_MS = 5_000;
/** A request that a replica took with it, stopped or cut off, is soon asked again; a slow one is given more time. */
const FIRST_PATIENCE_MS = 1_000;
/** Chunks asked for at the same time. */
const WINDOW = 4;

/** A sync did not come about, for a reason that may pass. */
export class SyncFailed extends Error {
  override readonly name = 'SyncFailed';
}

/** The control plane answered with what this node must not take. */
export class SyncRefused extends Error {
  override readonly name = 'SyncRefused';
}

/** Asks the control plane what a node lacks. Throws SyncFailed and SyncRefused. */
export class SyncClient {
  #patienceMs = FIRST_PATIENCE_MS;

  constructor(
    private readonly connection: FeedConnection,
    private readonly subjects: Subjects,
    private readonly node: string,
  ) {}

  async ask(
    { epoch, position }: Pick<At, 'epoch' | 'position'>,
    snapshot: boolean,
  ): Promise<NonNullable<SyncAnswerMessage['answer']>> {
    const request = () => syncRequestMessage.encode({ node: this.node, epoch, position, snapshot });
    const patienceMs = this.#patienceMs;
    this.#patienceMs = Math.min(TIMEOUT_MS, patienceMs * 2);
    const { answer } = await this.#request(this.subjects.sync, request, syncAnswerMessage, patienceMs);
    this.#patienceMs = FIRST_PATIENCE_MS;
    if (answer === undefined) throw new SyncFailed('the answer is empty');
    return answer;
  }

  /** All bytes of a snapshot, as the checksum proves. */
  async fetch(offer: SnapshotOffer): Promise<Buffer> {
    if (!offer.subject.startsWith(this.subjects.chunk('')))
      throw new SyncFailed(`a snapshot is offered on a subject that is not of this fleet: ${offer.subject}`);
    const bytes = Buffer.concat(await this.#chunks(offer));
    if (bytes.length !== Number(offer.bytes) || hash('sha256', bytes, 'hex') !== offer.checksum)
      throw new SyncFailed('the snapshot fetched is not the one that was offered');
    return bytes;
  }

  /** What has followed on a snapshot, to be asked while the node reads that; undefined if it must be asked again then. */
  async sequelOf(offer: SnapshotOffer): Promise<ChangeMessage | undefined> {
    try {
      const answer = await this.ask(offer, false);
      return answer.$case === 'changes' ? answer.value : undefined;
    } catch (error) {
      if (error instanceof SyncFailed || error instanceof SyncRefused) return undefined;
      throw error;
    }
  }

  async #chunks(offer: SnapshotOffer): Promise<Uint8Array[]> {
    const chunks: Uint8Array[] = [];
    const indexes = Array.from({ length: offer.chunks }).keys();
    const fetchSome = async () => {
      for (const index of indexes) chunks[index] = await this.#chunk(offer, index);
    };
    await Promise.all(Array.from({ length: WINDOW }, fetchSome));
    return chunks;
  }

  async #chunk({ id, subject }: SnapshotOffer, index: number): Promise<Uint8Array> {
    const request = () => chunkRequestMessage.encode({ id, index, node: this.node });
    const { gone, data } = await this.#request(subject, request, chunkAnswerMessage, TIMEOUT_MS);
    if (gone) throw new SyncFailed('the snapshot is not on offer any more');
    return data;
  }

  async #request<T>(
    subject: string,
    request: () => Uint8Array,
    answer: FeedMessage<T>,
    timeoutMs: number,
  ): Promise<T> {
    try {
      return answer.parse(await this.connection.request(subject, request(), timeoutMs));
    } catch (error) {
      if (error instanceof FeedUnavailable) throw new SyncFailed(error.message, { cause: error });
      if (error instanceof MessageInvalid)
        throw new SyncRefused(`a sync cannot be read: ${error.message}`, { cause: error });
      throw error;
    }
  }
}
