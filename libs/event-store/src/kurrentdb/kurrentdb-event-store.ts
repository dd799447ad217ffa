import { randomUUID } from 'node:crypto';
import {
  BACKWARDS,
  END,
  NO_STREAM,
  StreamNotFoundError,
  WrongExpectedVersionError,
  type KurrentDBClient,
  type ResolvedEvent,
} from '@kurrent/kurrentdb-client';
import {
  StoreUnavailable,
  WrongRevision,
  type Appended,
  type EventStore,
  type ExpectedRevision,
  type NewEvent,
  type Position,
  type RecordedEvent,
  type SubscriptionItem,
} from '../event-store.js';
import type { ImportTarget } from '../transfer/import-log.js';
import { isAsExpected } from '../expected-revision.js';
import { EPOCH_STREAM, IMPORT_BEGUN, LOG_CREATED, readPosition, streamsWith } from './assumptions.js';
import { KurrentConnection } from './connection.js';
import { fromResolved, toEventData } from './events.js';
import { resubscribing, type SubscriptionOptions } from './subscription.js';

const DEADLINE_MS = 8_000;
const PAGE = 1_000;

export interface KurrentDBEventStoreOptions {
  /** As KurrentDB's connection strings: `kurrentdb://user:password@host:2113?tls=true`. */
  address: string;
  /** How long an operation waits for a leader before it throws StoreUnavailable. */
  deadlineMs?: number;
}

/** A log that a KurrentDB or EventStoreDB server, or a cluster of them, keeps. */
export class KurrentDBEventStore implements EventStore {
  private constructor(private readonly connection: KurrentConnection) {}

  /** Connects, and gives a new log its epoch. Throws StoreUnavailable. */
  static async open({
    address,
    deadlineMs = DEADLINE_MS,
  }: KurrentDBEventStoreOptions): Promise<KurrentDBEventStore> {
    const store = new KurrentDBEventStore(new KurrentConnection(address, deadlineMs));
    try {
      await store.epoch();
      return store;
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  /** A log that is closed to all who open it until the import is complete. Throws if there is a log already. */
  static async importTarget(address: string): Promise<ImportTarget> {
    const store = new KurrentDBEventStore(new KurrentConnection(address, DEADLINE_MS));
    try {
      await store.#beginImport();
      return {
        store,
        ordered: false,
        finish: async () => ({ epoch: await store.renewEpoch() }),
        close: () => store.close(),
      };
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  async epoch(): Promise<string> {
    const last = await this.#lifeOf();
    if (last?.type === IMPORT_BEGUN)
      throw new StoreUnavailable('an import into the event log is not complete: run it again');
    return last?.id ?? (await this.#record(LOG_CREATED, 0));
  }

  /** Gives the log another epoch: whoever has opened it before goes on with the former one. */
  async renewEpoch(): Promise<string> {
    return this.#record(LOG_CREATED, (await this.#lifeOf())?.revision ?? 0);
  }

  async head(): Promise<Position> {
    const last = await this.connection.run((client) =>
      collected(
        client.readAll({
          direction: BACKWARDS,
          fromPosition: END,
          maxCount: 1,
          filter: streamsWith(''),
          requiresLeader: true,
        }),
      ),
    );
    return last[0]?.event?.position?.commit ?? 0n;
  }

  async append(stream: string, expected: ExpectedRevision, events: readonly NewEvent[]): Promise<Appended> {
    if (events.length === 0) throw new RangeError('there is nothing to append');
    for (;;) {
      const at = await this.#revisionToExpect(stream, expected);
      const appended = await this.#appendAt(stream, at, events);
      if (appended) return appended;
      const actual = await this.#revision(stream);
      if (typeof expected === 'number' || !isAsExpected(expected, actual))
        throw new WrongRevision(stream, expected, actual);
    }
  }

  async *readStream(stream: string, { after = 0, limit = Infinity } = {}): AsyncGenerator<RecordedEvent> {
    let left = limit;
    for (let from = after; left > 0;) {
      const page = await this.#page(stream, from, Math.min(PAGE, left));
      yield* page;
      if (page.length < Math.min(PAGE, left)) return;
      left -= page.length;
      from += page.length;
    }
  }

  async *readAll({
    after = 0n,
    prefix = '',
  }: { after?: Position; prefix?: string } = {}): AsyncGenerator<RecordedEvent> {
    let from = after;
    for (;;) {
      const page = await this.connection.run((client) =>
        collected(
          client.readAll({ fromPosition: readPosition(from), maxCount: PAGE, filter: streamsWith(prefix) }),
        ),
      );
      const events = page.filter(isOfLog).map(fromResolved);
      yield* events.filter(({ position }) => position > from);
      if (page.length < PAGE) return;
      from = page.at(-1)?.event?.position?.commit ?? from;
    }
  }

  subscribe(options: SubscriptionOptions): AsyncIterable<readonly SubscriptionItem[]> {
    return resubscribing(this.connection, options);
  }

  close(): Promise<void> {
    return this.connection.close();
  }

  /** 'any' and 'exists' are never left to the server: a retry could not be told from another append. */
  async #revisionToExpect(stream: string, expected: ExpectedRevision): Promise<number> {
    if (typeof expected === 'number') return expected;
    if (expected === 'none') return 0;
    const actual = await this.#revision(stream);
    if (!isAsExpected(expected, actual)) throw new WrongRevision(stream, expected, actual);
    return actual;
  }

  /** Undefined: the stream is not at this revision. An append whose answer was lost is found in the stream. */
  async #appendAt(stream: string, at: number, events: readonly NewEvent[]): Promise<Appended | undefined> {
    try {
      const position = await this.connection.run((client) => appendOnce(client, stream, at, events));
      if (position) return { revision: at + events.length, position };
    } catch (error) {
      if (!(error instanceof WrongExpectedVersionError)) throw error;
    }
    return this.#storedAt(stream, at, events);
  }

  async #storedAt(stream: string, at: number, events: readonly NewEvent[]): Promise<Appended | undefined> {
    const stored = await Array.fromAsync(this.readStream(stream, { after: at, limit: events.length }));
    const ours = stored.length === events.length && events.every(({ id }, index) => stored[index]?.id === id);
    const last = stored.at(-1);
    return ours && last ? { revision: last.revision, position: last.position } : undefined;
  }

  async #revision(stream: string): Promise<number> {
    const last = await this.connection.run((client) =>
      collected(
        client.readStream(stream, {
          direction: BACKWARDS,
          fromRevision: END,
          maxCount: 1,
          requiresLeader: true,
        }),
      ),
    );
    return last[0]?.event ? Number(last[0].event.revision) + 1 : 0;
  }

  async #page(stream: string, after: number, maxCount: number): Promise<RecordedEvent[]> {
    const page = await this.connection.run((client) =>
      collected(client.readStream(stream, { fromRevision: BigInt(after), maxCount, requiresLeader: true })),
    );
    return page.map(fromResolved);
  }

  async #beginImport(): Promise<void> {
    const last = await this.#lifeOf();
    if (last?.type === IMPORT_BEGUN) return;
    const { done } = await this.readAll().next();
    if (!done) throw new Error('There are events in KurrentDB already: an import makes a new log.');
    await this.#record(IMPORT_BEGUN, last?.revision ?? 0);
  }

  /** What was last recorded of the log itself. */
  async #lifeOf(): Promise<RecordedEvent | undefined> {
    const [last] = await this.connection.run((client) =>
      collected(
        client.readStream(EPOCH_STREAM, {
          direction: BACKWARDS,
          fromRevision: END,
          maxCount: 1,
          requiresLeader: true,
        }),
      ),
    );
    return last && fromResolved(last);
  }

  /** Of many who record it at once, the server lets one win; all take the winner's. Gives its id. */
  async #record(type: string, after: number): Promise<string> {
    const id = randomUUID();
    const metadata = {
      schemaVersion: 1,
      time: new Date().toISOString(),
      actor: { id: 'upgate', kind: 'system' },
      commandId: id,
      correlationId: id,
      causationId: id,
    };
    await this.#appendAt(EPOCH_STREAM, after, [{ id, type, data: {}, metadata }]);
    return (await this.#lifeOf())?.id ?? id;
  }
}

/** The position of the last event; undefined if the server does not tell. */
async function appendOnce(
  client: KurrentDBClient,
  stream: string,
  at: number,
  events: readonly NewEvent[],
): Promise<Position | undefined> {
  const { position } = await client.appendToStream(stream, events.map(toEventData), {
    streamState: at === 0 ? NO_STREAM : BigInt(at - 1),
    requiresLeader: true,
  });
  return position?.commit;
}

/** None if there is no such stream. */
async function collected<T>(events: AsyncIterable<T>): Promise<T[]> {
  try {
    return await Array.fromAsync(events);
  } catch (error) {
    if (error instanceof StreamNotFoundError) return [];
    throw error;
  }
}

function isOfLog({ event }: Pick<ResolvedEvent, 'event'>): boolean {
  return event !== undefined && event.streamId !== EPOCH_STREAM;
}
