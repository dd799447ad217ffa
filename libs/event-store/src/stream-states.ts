import { LRUCache } from 'lru-cache';
import type { EventStore, RecordedEvent } from './event-store.js';

/** What a stream remembers of a command that bore an idempotency key. */
interface AcceptedCommand {
  fingerprint: string;
  /** The command's last event: its type tells whether the command had changed anything. */
  revision: number;
  type: string;
}

export interface StreamState<State> {
  state: State;
  revision: number;
  position: bigint;
  commands: Map<string, AcceptedCommand>;
}

/** In commands remembered, some 200 bytes each, of which a state weighs about as much as this many. */
const MAX_WEIGHT = 500_000;
const STATE_WEIGHT = 5;

/** The states of streams as they were last read: kept by revision, and read forward from there. */
export class StreamStates<State> {
  readonly #kept = new LRUCache<string, StreamState<State>>({
    maxSize: MAX_WEIGHT,
    sizeCalculation: ({ commands }) => STATE_WEIGHT + commands.size,
  });

  constructor(
    private readonly store: EventStore,
    private readonly initial: State,
    private readonly evolve: (state: State, event: RecordedEvent) => State,
  ) {}

  /** What is kept, which may be behind the stream; undefined if nothing is. */
  kept(stream: string): StreamState<State> | undefined {
    return this.#kept.get(stream);
  }

  /** The stream as it is now. */
  async read(stream: string): Promise<StreamState<State>> {
    const current = this.#kept.get(stream) ?? this.#empty();
    for await (const event of this.store.readStream(stream, { after: current.revision }))
      this.#take(current, event);
    return this.#keep(stream, current);
  }

  /** The stream as it was at an earlier revision. */
  async readAt(stream: string, revision: number): Promise<StreamState<State>> {
    const kept = this.#kept.get(stream);
    if (kept?.revision === revision) return kept;
    const past = this.#empty();
    for await (const event of this.store.readStream(stream, { limit: revision })) this.#take(past, event);
    return past;
  }

  /** Takes over events that were appended right behind what is kept. */
  advance(stream: string, current: StreamState<State>, events: readonly RecordedEvent[]): StreamState<State> {
    for (const event of events) this.#take(current, event);
    return this.#keep(stream, current);
  }

  #empty(): StreamState<State> {
    return { state: this.initial, revision: 0, position: 0n, commands: new Map() };
  }

  #take(current: StreamState<State>, event: RecordedEvent): void {
    current.state = this.evolve(current.state, event);
    current.revision = event.revision;
    current.position = event.position;
    const { idempotency } = event.metadata;
    if (!idempotency) return;
    const { key, fingerprint } = idempotency;
    current.commands.set(key, { fingerprint, revision: event.revision, type: event.type });
  }

  /** As an object of its own: the cache weighs no object again that it holds already. */
  #keep(stream: string, current: StreamState<State>): StreamState<State> {
    if (current.revision > 0) this.#kept.set(stream, { ...current });
    return current;
  }
}
