import { EventEmitter, once } from 'node:events';
import {
  StoreUnavailable,
  WrongRevision,
  type Appended,
  type EventMetadata,
  type EventStore,
  type ExpectedRevision,
  type NewEvent,
  type Position,
  type RecordedEvent,
  type SubscriptionItem,
} from '../event-store.js';
import { follow } from '../follow.js';
import type { AppendReply, AppendRequest, ReadReply, ReadRequest } from './protocol.js';
import type { EventRow } from './rows.js';
import { asError, startThread, type Thread } from './thread.js';

const BATCH = 1_000;

/** What one transaction wrote, for metrics. */
export interface Commit {
  appends: number;
  events: number;
}

export interface SqliteEventStoreOptions {
  /** Made, with its folder, if it does not exist. Several processes of one machine may share it. */
  file: string;
  onCommit?: (commit: Commit) => void;
}

interface PendingAppend {
  request: AppendRequest;
  resolve: (appended: Appended) => void;
  reject: (error: Error) => void;
}

type Read =
  | { read: 'stream'; stream: string; after: number; limit: number }
  | { read: 'all'; after: bigint; prefix: string; limit: number };

/**
 * A log in one SQLite file. Its work is done in threads, one that writes and one that reads, so that neither a slow disk
 * nor a long read holds up the event loop or the other. Appends that arrive together share one sync of the disk.
 */
export class SqliteEventStore implements EventStore {
  readonly #growth = new EventEmitter().setMaxListeners(0);
  readonly #appends = new Map<number, PendingAppend>();
  readonly #reads = new Map<
    number,
    { resolve: (reply: ReadReply) => void; reject: (error: Error) => void }
  >();
  #number = 0;
  #head: Position;
  #closing: Promise<void> | undefined;

  private constructor(
    private readonly writer: Thread,
    private readonly reader: Thread,
    private readonly onCommit: (commit: Commit) => void,
  ) {
    this.#head = writer.head;
    writer.worker.on('message', (replies: AppendReply[]) => this.#committed(replies));
    reader.worker.on('message', (reply: ReadReply) => this.#read(reply));
    for (const { worker } of [writer, reader]) worker.on('exit', () => this.#failAll());
  }

  /**
   * Opens or makes the log, and verifies every event in it.
   * Throws StoreCorrupt if it is not whole and unchanged, StoreUnavailable if it cannot be opened now.
   */
  static async open({
    file,
    onCommit = () => undefined,
  }: SqliteEventStoreOptions): Promise<SqliteEventStore> {
    const writer = await startThread('writer', { file });
    const reader = await startThread('reader', { file });
    return new SqliteEventStore(writer, reader, onCommit);
  }

  async epoch(): Promise<string> {
    return this.writer.epoch;
  }

  async head(): Promise<Position> {
    const { head = 0n } = await this.#request({ read: 'all', after: this.#head, prefix: '', limit: 1 });
    return head;
  }

  append(stream: string, expected: ExpectedRevision, events: readonly NewEvent[]): Promise<Appended> {
    if (events.length === 0) throw new RangeError('there is nothing to append');
    const texts = events.map(({ id, type, data, metadata }) => ({
      id,
      type,
      data: JSON.stringify(data),
      metadata: JSON.stringify(metadata),
    }));
    return new Promise((resolve, reject) => {
      if (this.#closing) return reject(new StoreUnavailable('the event log has been closed'));
      const request = { number: ++this.#number, stream, expected, events: texts };
      this.#appends.set(request.number, { request, resolve, reject });
      this.writer.worker.postMessage(request);
    });
  }

  async *readStream(stream: string, { after = 0, limit = Infinity } = {}): AsyncGenerator<RecordedEvent> {
    for (let at = after, left = limit; left > 0;) {
      const size = Math.min(BATCH, left);
      const { rows = [] } = await this.#request({ read: 'stream', stream, after: at, limit: size });
      yield* rows.map(recorded);
      if (rows.length < size) return;
      at = rows.at(-1)!.revision;
      left -= rows.length;
    }
  }

  async *readAll({
    after = 0n,
    prefix = '',
  }: { after?: Position; prefix?: string } = {}): AsyncGenerator<RecordedEvent> {
    for (let at = after; ;) {
      const { rows = [] } = await this.#request({ read: 'all', after: at, prefix, limit: BATCH });
      yield* rows.map(recorded);
      if (rows.length < BATCH) return;
      at = rows.at(-1)!.position;
    }
  }

  subscribe({
    after,
    prefix = '',
    signal,
  }: {
    after: Position;
    prefix?: string;
    signal: AbortSignal;
  }): AsyncIterable<readonly SubscriptionItem[]> {
    const readBatch = async (from: Position) => {
      const { rows = [], head = from } = await this.#request({
        read: 'all',
        after: from,
        prefix,
        limit: BATCH,
      });
      return { events: rows.map(recorded), ...(rows.length < BATCH && { caughtUpAt: head }) };
    };
    return follow(
      { readBatch, grownAbove: (position, until) => this.#grownAbove(position, until) },
      after,
      signal,
    );
  }

  close(): Promise<void> {
    this.#closing ??= Promise.all(
      [this.writer, this.reader].map(async ({ worker }) => {
        const ended = once(worker, 'exit');
        worker.postMessage('close');
        await ended;
      }),
    ).then(() => undefined);
    return this.#closing;
  }

  #request(read: Read): Promise<ReadReply> {
    return new Promise((resolve, reject) => {
      if (this.#closing) return reject(new StoreUnavailable('the event log has been closed'));
      const number = ++this.#number;
      this.#reads.set(number, { resolve, reject });
      this.reader.worker.postMessage({ number, ...read } satisfies ReadRequest);
    });
  }

  #read({ number, ...reply }: ReadReply): void {
    if (number === undefined) return this.#grown(reply.head);
    const pending = this.#reads.get(number);
    this.#reads.delete(number);
    if (reply.failure) pending?.reject(asError(reply.failure));
    else pending?.resolve(reply);
  }

  #committed(replies: AppendReply[]): void {
    let events = 0;
    let head: Position | undefined;
    for (const reply of replies) {
      const { request, resolve, reject } = this.#appends.get(reply.number)!;
      this.#appends.delete(reply.number);
      if ('failure' in reply) reject(asError(reply.failure));
      else if ('actualRevision' in reply)
        reject(new WrongRevision(request.stream, request.expected, reply.actualRevision));
      else {
        events += request.events.length;
        head = reply.appended.position;
        resolve(reply.appended);
      }
    }
    if (events > 0) this.onCommit({ appends: replies.length, events });
    this.#grown(head);
  }

  #grown(head: Position | undefined): void {
    if (head === undefined || head <= this.#head) return;
    this.#head = head;
    this.#growth.emit('grown');
  }

  async #grownAbove(position: Position, signal: AbortSignal): Promise<void> {
    if (this.#head > position) return;
    await once(this.#growth, 'grown', { signal }).catch(() => undefined);
  }

  /** A thread has ended: nothing that waits for it will be answered. */
  #failAll(): void {
    const error = new StoreUnavailable('the event log has been closed');
    for (const { reject } of [...this.#appends.values(), ...this.#reads.values()]) reject(error);
    this.#appends.clear();
    this.#reads.clear();
  }
}

function recorded({ data, metadata, ...row }: EventRow): RecordedEvent {
  return { ...row, data: JSON.parse(data) as unknown, metadata: JSON.parse(metadata) as EventMetadata };
}
