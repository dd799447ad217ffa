import { setTimeout as delay } from 'node:timers/promises';
import type {
  AllStreamResolvedEvent,
  AllStreamSubscription,
  KurrentDBClient,
  ReadPosition,
} from '@kurrent/kurrentdb-client';
import type { Position, RecordedEvent, SubscriptionItem } from '../event-store.js';
import { EPOCH_STREAM, lookedThrough, readPosition, streamsWith, type Place } from './assumptions.js';
import { disconnect, pauseAfter, type KurrentConnection } from './connection.js';
import { fromResolved } from './events.js';
import { finalFailure } from './failure.js';

const BUFFERED_EVENTS = 1_000;

export interface SubscriptionOptions {
  after: Position;
  prefix?: string;
  signal: AbortSignal;
}

/** Subscribes again after every drop, from where it was, until the signal is aborted. */
export async function* resubscribing(
  connection: KurrentConnection,
  { after, prefix = '', signal }: SubscriptionOptions,
): AsyncGenerator<readonly SubscriptionItem[]> {
  let at = after;
  let from = readPosition(after);
  for (let attempt = 0; !signal.aborted; attempt += 1) {
    const subscription = new CatchUp(connection.connect(), at, from, prefix, signal);
    try {
      for await (const items of subscription.batches()) {
        attempt = 0;
        yield items;
      }
    } catch (error) {
      const failure = finalFailure(error);
      if (failure) throw failure;
      await delay(pauseAfter(attempt), undefined, { signal }).catch(() => undefined);
    } finally {
      ({ at, from } = subscription);
      subscription.end();
    }
  }
}

/** One subscription on the server. What it says beside the events is heard early, so it is told after them. */
class CatchUp {
  #live = false;
  #failure: Error | undefined;
  #wake = Promise.withResolvers<void>();
  /** The furthest that the server has said to have looked through. */
  #checkpoint: Place = { commit: 0n, prepare: 0n };
  #told = -1n;
  readonly #events: AllStreamSubscription;

  constructor(
    private readonly client: KurrentDBClient,
    public at: Position,
    /** Where to go on: a place that the server itself has named, for it refuses any other. */
    public from: ReadPosition,
    prefix: string,
    private readonly signal: AbortSignal,
  ) {
    const filter = streamsWith(prefix, {
      checkpointReached: async (_subscription, place) => this.#reach(place),
    });
    this.#events = client.subscribeToAll({ fromPosition: from, filter }, { highWaterMark: BUFFERED_EVENTS });
    this.#listen();
  }

  async *batches(): AsyncGenerator<readonly SubscriptionItem[]> {
    while (!this.signal.aborted) {
      this.#wake = Promise.withResolvers();
      const items = this.#take();
      if (items.length > 0) yield items;
      else if (this.#failure) throw this.#failure;
      else await this.#wake.promise;
    }
  }

  end(): void {
    this.signal.removeEventListener('abort', this.#stir);
    void disconnect(this.client);
  }

  #listen(): void {
    this.#events.on('readable', this.#stir);
    this.#events.on('caughtUp', () => {
      this.#live = true;
      this.#stir();
    });
    this.#events.on('fellBehind', () => (this.#live = false));
    this.#events.on('error', (error) => this.#fail(error));
    this.#events.on('end', () => this.#fail(new Error('the subscription has ended')));
    this.signal.addEventListener('abort', this.#stir);
  }

  readonly #stir = (): void => this.#wake.resolve();

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#stir();
  }

  #reach(place: Place): void {
    this.#checkpoint = place;
    this.#stir();
  }

  /** The marks are read before the events, so that no event that came before a mark is told after it. */
  #take(): readonly SubscriptionItem[] {
    const live = this.#live;
    const checkpoint = this.#checkpoint;
    const events = [...this.#received()];
    const items: SubscriptionItem[] = events.map((event) => ({ kind: 'event', event }));
    this.#pass(checkpoint);
    if (live && this.at > this.#told) {
      this.#told = this.at;
      items.push({ kind: 'caught-up', position: this.at });
    }
    return items;
  }

  #pass(checkpoint: Place): void {
    const position = lookedThrough(checkpoint);
    if (position <= this.at) return;
    this.at = position;
    this.from = checkpoint;
  }

  *#received(): Generator<RecordedEvent> {
    for (let count = 0; count < BUFFERED_EVENTS; count += 1) {
      const resolved = this.#events.read() as AllStreamResolvedEvent | null;
      if (!resolved) return;
      if (!resolved.event || resolved.event.streamId === EPOCH_STREAM) continue;
      const event = fromResolved(resolved);
      if (event.position <= this.at) continue;
      this.at = event.position;
      this.from = readPosition(event.position);
      yield event;
    }
    this.#stir();
  }
}
