import { EventEmitter, once, setMaxListeners } from 'node:events';
import { setImmediate, setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { EventStore, Position, RecordedEvent, SubscriptionItem } from '#event-store';
import type { SettingsMove } from './change-cutter.js';
import { RESOURCE_STREAMS, type Projection } from './projection.js';

const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 10_000;

export interface RunnerOptions {
  store: EventStore;
  projection: Projection;
  /** Told of every move of the settings, after it is kept. */
  publish: (move: SettingsMove) => void;
  /** For so long it may be behind the log before that is a problem. */
  maxLagMs: number;
  logger: Logger;
}

/** Events that have just been folded, and when that began: by performance.now(). */
export interface Folded {
  events: readonly RecordedEvent[];
  begun: number;
}

/** Follows the log and has the projection fold it, for as long as the program runs, whatever fails meanwhile. */
export class ProjectionRunner {
  readonly #options: RunnerOptions;
  readonly #stop = new AbortController();
  readonly #events = new EventEmitter<{ folded: [Folded]; moved: [] }>();
  #running = Promise.resolve();
  #position: Position;
  #failure: string | undefined;
  #retryMs = FIRST_RETRY_MS;
  #behindSince: number | undefined = performance.now();
  readonly #caughtUpOnce = Promise.withResolvers<void>();
  #everCaughtUp = false;

  constructor(options: RunnerOptions) {
    this.#options = options;
    this.#position = options.projection.head.position;
    this.#events.setMaxListeners(0);
    setMaxListeners(0, this.#stop.signal);
  }

  /** Every event of a resource at or before it is folded. It may be beyond the last such event. */
  get position(): Position {
    return this.#position;
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Ends the subscription and all that wait, and lets the batch under way finish. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#events.emit('moved');
    await this.#running;
  }

  /** Resolves when the end of the log has been reached for the first time. */
  get caughtUp(): Promise<void> {
    return this.#caughtUpOnce.promise;
  }

  /** Aborted when the runner stops: nothing will move any more. */
  get stopping(): AbortSignal {
    return this.#stop.signal;
  }

  /** Calls the listener with events that have been folded, before what they change is published. */
  onFolded(listener: (folded: Folded) => void): void {
    this.#events.on('folded', listener);
  }

  /** Resolves at the next move, to false when the signal is aborted or the runner stops before that. */
  async moved(signal: AbortSignal): Promise<boolean> {
    if (this.stopping.aborted) return false;
    try {
      await once(this.#events, 'moved', { signal });
      return !this.stopping.aborted;
    } catch {
      return false;
    }
  }

  /** Resolves when the position is reached, to false when the signal is aborted or the runner stops before that. */
  async reached(position: Position, signal: AbortSignal): Promise<boolean> {
    while (this.#position < position) if (!(await this.moved(signal))) return false;
    return true;
  }

  /** Why queries may be answered from old data; undefined when they are not. */
  problem(): string | undefined {
    if (this.#failure !== undefined) return this.#failure;
    if (this.#behindSince === undefined) return undefined;
    const late = !this.#everCaughtUp || performance.now() - this.#behindSince > this.#options.maxLagMs;
    return late ? `catching up with the log, at position ${this.#position}` : undefined;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        await this.#follow(signal);
      } catch (error) {
        await this.#failed(error, signal);
      }
    }
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const { store, projection } = this.#options;
    const after = projection.head.position;
    for await (const items of store.subscribe({ after, prefix: RESOURCE_STREAMS, signal })) {
      this.#take(items);
      await setImmediate();
    }
    if (!signal.aborted) throw new Error('the subscription to the log has ended');
  }

  #take(items: readonly SubscriptionItem[]): void {
    const begun = performance.now();
    const events = items.flatMap((item) => (item.kind === 'event' ? [item.event] : []));
    const moves = events.length > 0 ? this.#options.projection.apply(events) : [];
    this.#events.emit('folded', { events, begun });
    for (const move of moves) this.#options.publish(move);
    this.#recovered();
    this.#advance(items.at(-1));
  }

  #advance(last: SubscriptionItem | undefined): void {
    const { position } = this.#options.projection.head;
    const reached = last?.kind === 'caught-up' && last.position > position ? last.position : position;
    if (reached > this.#position) this.#position = reached;
    if (last?.kind === 'caught-up') this.#caughtUp();
    else this.#behindSince ??= performance.now();
    this.#events.emit('moved');
  }

  #caughtUp(): void {
    this.#behindSince = undefined;
    if (this.#everCaughtUp) return;
    this.#everCaughtUp = true;
    this.#options.logger.info({ position: this.#position }, 'caught up with the log');
    this.#caughtUpOnce.resolve();
  }

  #recovered(): void {
    if (this.#failure !== undefined) this.#options.logger.info('folding goes on');
    this.#failure = undefined;
    this.#retryMs = FIRST_RETRY_MS;
  }

  async #failed(error: unknown, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    this.#failure = `folding stands at position ${this.#options.projection.head.position}: ${messageOf(error)}`;
    this.#options.logger.error({ err: error, retryMs: this.#retryMs }, this.#failure);
    const waited = delay(this.#retryMs, undefined, { signal });
    this.#retryMs = Math.min(this.#retryMs * 2, LAST_RETRY_MS);
    await waited.catch(() => undefined);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
