import { setTimeout as delay } from 'node:timers/promises';
import type { EventStore } from '#event-store';
import type { Readiness } from '../health.js';

const EVERY_MS = 1_000;
const SILENT_MS = 3_000;

/** Asks the event log for its end, again and again, to know whether it can be reached, and why not. */
class LogProbe {
  #problem: string | undefined;
  #askedAt: number | undefined;
  readonly #stop = new AbortController();

  constructor(private readonly store: EventStore) {}

  /** Why the log cannot be reached; undefined while it can. */
  problem(): string | undefined {
    if (this.#problem !== undefined) return this.#problem;
    const silent = this.#askedAt === undefined ? 0 : performance.now() - this.#askedAt;
    return silent > SILENT_MS
      ? `the event log has not answered for ${Math.floor(silent / 1_000)} s`
      : undefined;
  }

  async run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await this.#ask();
      await delay(EVERY_MS, undefined, { ref: false, signal: this.#stop.signal }).catch(() => undefined);
    }
  }

  stop(): void {
    this.#stop.abort();
  }

  async #ask(): Promise<void> {
    this.#askedAt = performance.now();
    try {
      await this.store.head();
      this.#problem = undefined;
    } catch (error) {
      this.#problem = error instanceof Error ? error.message : String(error);
    }
    this.#askedAt = undefined;
  }
}

/** Says under `store` whether the log can be reached. Gives what ends that. */
export function probeLog(store: EventStore, readiness: Readiness): () => void {
  const probe = new LogProbe(store);
  readiness.add('store', () => probe.problem());
  void probe.run();
  return () => probe.stop();
}
