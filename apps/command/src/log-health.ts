import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { EventStore } from '#event-store';

/** A log that could not be written this long ago is taken for mended, until a command shows that it is not. */
const PROBLEM_LASTS_MS = 10_000;
/** A log that does not say where it ends by then cannot be reached. */
const PATIENCE_MS = 2_000;

interface Failure {
  reason: string;
  at: number;
}

/** Whether commands can be recorded: as the last of them showed, and as the log answers now. */
export class LogHealth {
  #failure: Failure | undefined;
  #logged: Failure | undefined;

  constructor(
    private readonly store: Pick<EventStore, 'head'>,
    private readonly logger: Logger,
  ) {}

  written(): void {
    this.#failure = undefined;
  }

  /** Every command may fail now: what is known is not logged again and again. */
  failed(error: unknown): void {
    this.#failure = { reason: reasonOf(error), at: performance.now() };
    if (isRecent(this.#logged) && this.#logged.reason === this.#failure.reason) return;
    this.#logged = this.#failure;
    this.logger.error({ reason: this.#failure.reason }, 'a command cannot be recorded');
  }

  /** Why not; undefined if they can. */
  async problem(): Promise<string | undefined> {
    if (isRecent(this.#failure)) return `the event log cannot be written: ${this.#failure.reason}`;
    const answer = this.store.head().then(
      () => undefined,
      (error: unknown) => `the event log cannot be read: ${reasonOf(error)}`,
    );
    const silence = delay(PATIENCE_MS, 'the event log does not answer', { ref: false });
    return Promise.race([answer, silence]);
  }
}

function isRecent(failure: Failure | undefined): failure is Failure {
  return failure !== undefined && performance.now() - failure.at < PROBLEM_LASTS_MS;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
