import { randomUUID } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import {
  WrongRevision,
  type Appended,
  type EventStore,
  type ExpectedRevision,
  type NewEvent,
  type Position,
  type RecordedEvent,
  type SubscriptionItem,
} from '../event-store.js';
import { isAsExpected } from '../expected-revision.js';
import { follow } from '../follow.js';

/** A log that is gone with its process: for tests. */
export class MemoryEventStore implements EventStore {
  readonly #epoch = randomUUID();
  readonly #log: RecordedEvent[] = [];
  readonly #streams = new Map<string, RecordedEvent[]>();
  readonly #growth = new EventEmitter().setMaxListeners(0);

  async epoch(): Promise<string> {
    return this.#epoch;
  }

  async head(): Promise<Position> {
    return BigInt(this.#log.length);
  }

  async append(stream: string, expected: ExpectedRevision, events: readonly NewEvent[]): Promise<Appended> {
    if (events.length === 0) throw new RangeError('there is nothing to append');
    const recorded = this.#streams.get(stream) ?? [];
    if (!isAsExpected(expected, recorded.length)) throw new WrongRevision(stream, expected, recorded.length);
    this.#streams.set(stream, recorded);
    for (const event of structuredClone(events)) {
      const position = BigInt(this.#log.length + 1);
      const entry = { ...event, stream, revision: recorded.length + 1, position };
      recorded.push(entry);
      this.#log.push(entry);
    }
    this.#growth.emit('grown');
    return { revision: recorded.length, position: recorded.at(-1)?.position ?? 0n };
  }

  async *readStream(stream: string, { after = 0, limit = Infinity } = {}): AsyncGenerator<RecordedEvent> {
    yield* structuredClone((this.#streams.get(stream) ?? []).slice(after, after + limit));
  }

  async *readAll({
    after = 0n,
    prefix = '',
  }: { after?: Position; prefix?: string } = {}): AsyncGenerator<RecordedEvent> {
    yield* this.#matching(after, prefix);
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
      if (wait) await this.#grownAbove(from);
      return { events: this.#matching(from, prefix), caughtUpAt: BigInt(this.#log.length) };
    };
    return follow({ readBatch }, after, signal);
  }

  async close(): Promise<void> {}

  #matching(after: Position, prefix: string): RecordedEvent[] {
    return structuredClone(this.#log.slice(Number(after)).filter(({ stream }) => stream.startsWith(prefix)));
  }

  async #grownAbove(position: Position): Promise<void> {
    while (BigInt(this.#log.length) <= position) await once(this.#growth, 'grown');
  }
}
