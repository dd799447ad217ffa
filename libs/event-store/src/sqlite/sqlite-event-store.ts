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
import type { AppendReply, AppendRequest, Commit, ReadReply, ReadRequest } from './protocol.js';
import type { EventRow } from './rows.js';
import { LogThread } from './thread.js';

const BATCH = 1_000;

export interface SqliteEventStoreOptions {
  /** Made, with its folder, if it does not exist. Several processes of one machine may share it. */
  file: string;
  /** Hears how far the verification of a long log has got: a pino logger is one. */
  logger?: { info(fields: object, message: string): void };
  onCommit?: (commit: Commit) => void;
}

/**
 * A log in one SQLite file. Its work is done in threads, one that writes and one that reads, so that neither a slow disk
 * nor a long read holds up the event loop or the other. Appends that arrive together share one sync of the disk.
 */
export class SqliteEventStore implements EventStore {
  #closing: Promise<void> | undefined;

  private constructor(
    private readonly writer: LogThread<AppendRequest, AppendReply>,
    private readonly reader: LogThread<ReadRequest, ReadReply>,
  ) {}

  /**
   * Opens or makes the log, and verifies every event in it.
   * Throws StoreCorrupt if it is not whole and unchanged, and leaves its files as they are; StoreUnavailable if it cannot
   * be opened now.
   */
  static async open({ file, logger, onCommit }: SqliteEventStoreOptions): Promise<SqliteEventStore> {
    const reader = await LogThread.start<ReadRequest, ReadReply>('reader', file, {
      onVerified: (progress) => logger?.info({ file, ...progress }, 'verifying the event log'),
    });
    try {
      const listener = onCommit ? { onCommit } : {};
      return new SqliteEventStore(await LogThread.start('writer', file, listener), reader);
    } catch (error) {
      await reader.close();
      throw error;
    }
  }

  async epoch(): Promise<string> {
    return this.reader.epoch;
  }

  async head(): Promise<Position> {
    const { head } = await this.#read({ read: 'head' });
    return head;
  }

  async append(stream: string, expected: ExpectedRevision, events: readonly NewEvent[]): Promise<Appended> {
    if (events.length === 0) throw new RangeError('there is nothing to append');
    this.#requireOpen();
    const reply = await this.writer.request({ stream, expected, events: events.map(textsOf) });
    if ('actualRevision' in reply) throw new WrongRevision(stream, expected, reply.actualRevision);
    return reply.appended;
  }

  async *readStream(stream: string, { after = 0, limit = Infinity } = {}): AsyncGenerator<RecordedEvent> {
    for (let at = after, left = limit; left > 0;) {
      const size = Math.min(BATCH, left);
      const { rows } = await this.#read({ read: 'stream', stream, after: at, limit: size });
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
      const { rows } = await this.#read({ read: 'all', after: at, prefix, limit: BATCH, wait: false });
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
    const readBatch = async (from: Position, wait: boolean) => {
      const { rows, head } = await this.#read({ read: 'all', after: from, prefix, limit: BATCH, wait });
      return { events: rows.map(recorded), ...(rows.length < BATCH && { caughtUpAt: head }) };
    };
    return follow({ readBatch }, after, signal);
  }

  /** Appends that were called before are still done. The thread that writes is the last to let go: it merges the log. */
  close(): Promise<void> {
    this.#closing ??= this.reader.close().then(() => this.writer.close());
    return this.#closing;
  }

  async #read(request: ReadRequest): Promise<ReadReply> {
    this.#requireOpen();
    return this.reader.request(request);
  }

  #requireOpen(): void {
    if (this.#closing) throw new StoreUnavailable('the event log has been closed');
  }
}

function textsOf({ id, type, data, metadata }: NewEvent): AppendRequest['events'][number] {
  if (data === undefined) throw new TypeError(`the event ${type} has no data`);
  return { id, type, data: JSON.stringify(data), metadata: JSON.stringify(metadata) };
}

function recorded({ data, metadata, ...row }: EventRow): RecordedEvent {
  return { ...row, data: JSON.parse(data) as unknown, metadata: JSON.parse(metadata) as EventMetadata };
}
