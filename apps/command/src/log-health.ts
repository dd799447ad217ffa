import { setTimeout as delay } from 'node:timers/promises';
import type { EventStore } from '#event-store';

/** A log that could not be written this long ago is taken for mended, until a command shows that it is not. */
const PROBLEM_LASTS_MS = 10_000;
/** A log that does not say where it ends by then cannot be reached. */
const PATIENCE_MS = 2_000;

/** Whether commands can be recorded: as the last of them showed, and as the log answers now. */
export class LogHealth {
  #failedAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly store: Pick<EventStore, 'head'>) {}

  written(): void {
    this.#failedAt = Number.NEGATIVE_INFINITY;
  }

  failed(): void {
    this.#failedAt = performance.now();
  }

  /** Why not; undefined if they can. */
  async problem(): Promise<string | undefined> {
    if (performance.now() - this.#failedAt < PROBLEM_LASTS_MS) return 'the event log cannot be written';
    const answer = this.store.head().then(
      () => undefined,
      (error: unknown) =>
        `the event log cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
    const silence = delay(PATIENCE_MS, 'the event log does not answer', { ref: false });
    return Promise.race([answer, silence]);
  }
}
