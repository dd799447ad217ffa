import { Histogram, type Registry } from 'prom-client';
import { asApiError } from '#platform';
import type { CommandResult } from './commands/command-result.js';
import type { LogHealth } from './log-health.js';

/** Says how the write side does, to those who scrape and those who probe. */
export class CommandMetrics {
  readonly #duration: Histogram<'command' | 'outcome'>;

  constructor(
    registry: Registry,
    private readonly log: LogHealth,
  ) {
    this.#duration = new Histogram({
      name: 'upgate_command_duration_seconds',
      help: 'Time that commands take, by what becomes of them',
      labelNames: ['command', 'outcome'],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5],
      registers: [registry],
    });
  }

  async measure(command: string, execute: () => Promise<CommandResult>): Promise<CommandResult> {
    const end = this.#duration.startTimer({ command });
    try {
      const result = await execute();
      this.log.written();
      end({ outcome: outcomeOf(result) });
      return result;
    } catch (error) {
      const { code } = asApiError(error);
      if (code === 'store_unavailable') this.log.failed(error);
      end({ outcome: code });
      throw error;
    }
  }
}

function outcomeOf({ replayed, answer }: CommandResult): string {
  if (replayed) return 'replayed';
  return answer.changed ? 'changed' : 'unchanged';
}
