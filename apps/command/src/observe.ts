import { Histogram, type Registry } from 'prom-client';
import { asApiError, type Readiness } from '#platform';
import type { CommandResult } from './commands/command-result.js';

/** A log that could not be written this long ago is taken for mended, until a command shows that it is not. */
const PROBLEM_LASTS_MS = 10_000;

/** Says how the write side does, to those who scrape and those who probe. */
export class CommandMetrics {
  readonly #duration: Histogram<'command' | 'outcome'>;
  #logFailedAt = Number.NEGATIVE_INFINITY;

  constructor(registry: Registry, readiness: Readiness) {
    this.#duration = new Histogram({
      name: 'upgate_command_duration_seconds',
      help: 'Time that commands take, by what becomes of them',
      labelNames: ['command', 'outcome'],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5],
      registers: [registry],
    });
    readiness.add('log', () =>
      performance.now() - this.#logFailedAt < PROBLEM_LASTS_MS
        ? 'the event log cannot be written'
        : undefined,
    );
  }

  async measure(command: string, execute: () => Promise<CommandResult>): Promise<CommandResult> {
    const end = this.#duration.startTimer({ command });
    try {
      const result = await execute();
      this.#logFailedAt = Number.NEGATIVE_INFINITY;
      end({ outcome: outcomeOf(result) });
      return result;
    } catch (error) {
      const { code } = asApiError(error);
      if (code === 'store_unavailable') this.#logFailedAt = performance.now();
      end({ outcome: code });
      throw error;
    }
  }
}

function outcomeOf({ replayed, answer }: CommandResult): string {
  if (replayed) return 'replayed';
  return answer.changed ? 'changed' : 'unchanged';
}
