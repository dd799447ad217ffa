import { Histogram, type Registry } from 'prom-client';
import { StoreUnavailable, WrongRevision, type Commit, type EventStore } from '#event-store';
import { withAppend } from './with-append.js';

/** What becomes of an append. */
const RESULTS = ['appended', 'wrong_revision', 'unavailable', 'failed'] as const;

/** Measures how the event log takes what is appended to it. */
export class LogMetrics {
  readonly #appends: Histogram<'result'>;
  readonly #commits: Histogram;

  constructor(registry: Registry) {
    this.#appends = new Histogram({
      name: 'upgate_log_append_duration_seconds',
      help: 'Time that appends to the event log take until they are on disk, by what becomes of them',
      labelNames: ['result'],
      buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5],
      registers: [registry],
    });
    for (const result of RESULTS) this.#appends.zero({ result });
    this.#commits = new Histogram({
      name: 'upgate_log_group_commit_appends',
      help: 'Appends that share one commit of the embedded log, and so one sync of the disk',
      buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256, 512],
      registers: [registry],
    });
  }

  /** For `onCommit` of the embedded log. */
  readonly committed = ({ appends }: Commit): void => this.#commits.observe(appends);

  /** The same store, its appends measured. */
  measured(store: EventStore): EventStore {
    return withAppend(store, async (stream, expected, events) => {
      const begun = performance.now();
      let result: (typeof RESULTS)[number] = 'appended';
      try {
        return await store.append(stream, expected, events);
      } catch (error) {
        result = resultOf(error);
        throw error;
      } finally {
        this.#appends.observe({ result }, (performance.now() - begun) / 1_000);
      }
    });
  }
}

function resultOf(error: unknown): (typeof RESULTS)[number] {
  if (error instanceof WrongRevision) return 'wrong_revision';
  return error instanceof StoreUnavailable ? 'unavailable' : 'failed';
}
