import { setTimeout as delay } from 'node:timers/promises';
import { KurrentDBClient } from '@kurrent/kurrentdb-client';
import { StoreUnavailable } from '../event-store.js';
import { finalFailure, reasonOf } from './failure.js';

const ATTEMPT_MS = 3_000;
const PAUSE_MS = 50;
const MAX_PAUSE_MS = 1_000;

/** One client for appends and reads, replaced whenever it has failed: a new one looks for the leader anew. */
export class KurrentConnection {
  /** By the name of today: the client warns of the former one on every connection. */
  readonly #address: string;
  #client: KurrentDBClient | undefined;
  readonly #closed = new AbortController();

  constructor(
    address: string,
    private readonly deadlineMs: number,
  ) {
    this.#address = address.replace(/^esdb/, 'kurrentdb');
  }

  /** A client of its own, to be disposed of by the caller. */
  connect(): KurrentDBClient {
    try {
      return KurrentDBClient.connectionString(this.#address);
    } catch (error) {
      throw notTaken(this.#address, error);
    }
  }

  /**
   * Attempts an operation until it succeeds, fails for good, or the deadline is over, which throws StoreUnavailable.
   * An attempt that failed may have taken effect.
   */
  async run<T>(operation: (client: KurrentDBClient) => Promise<T>): Promise<T> {
    const deadline = performance.now() + this.deadlineMs;
    for (let attempt = 0; ; attempt += 1) {
      this.#refuseIfClosed();
      const client = (this.#client ??= this.connect());
      try {
        return await within(Math.min(ATTEMPT_MS, deadline - performance.now()), operation(client));
      } catch (error) {
        const failure = finalFailure(error);
        if (failure) throw failure;
        this.#drop(client);
        const pause = pauseAfter(attempt);
        if (performance.now() + pause >= deadline) throw unavailable(error);
        await delay(pause, undefined, { signal: this.#closed.signal }).catch(() => undefined);
      }
    }
  }

  async close(): Promise<void> {
    this.#closed.abort();
    if (this.#client) await disconnect(this.#client);
  }

  #refuseIfClosed(): void {
    if (this.#closed.signal.aborted) throw new StoreUnavailable('the event log is closed');
  }

  /** What still runs on it fails, and is attempted again on the next. */
  #drop(client: KurrentDBClient): void {
    if (this.#client !== client) return;
    this.#client = undefined;
    void disconnect(client);
  }
}

/** Ends its streams and closes its channel, which its own `dispose` would leave open for half an hour. */
export async function disconnect(client: KurrentDBClient): Promise<void> {
  await client.dispose();
  void client['getChannel']().then(
    (channel) => channel.close(),
    () => undefined,
  );
}

/** The client may quote any part of the address, a password too. */
function notTaken(address: string, error: unknown): StoreUnavailable {
  const why = error instanceof Error && !address.includes('@') ? `: ${error.message}` : '';
  return new StoreUnavailable(`The client of KurrentDB does not take the address in UPGATE_STORE${why}`, {
    cause: error,
  });
}

function unavailable(error: unknown): StoreUnavailable {
  return new StoreUnavailable(`KurrentDB cannot be used now: ${reasonOf(error)}`, { cause: error });
}

/** Doubles with every attempt, drawn at random from its upper half. */
export function pauseAfter(attempt: number): number {
  return Math.min(MAX_PAUSE_MS, PAUSE_MS * 2 ** attempt) * (0.5 + Math.random() / 2);
}

async function within<T>(ms: number, result: Promise<T>): Promise<T> {
  const timer = new AbortController();
  const late = delay(ms, undefined, { signal: timer.signal }).then(() => {
    throw new NoAnswer();
  });
  try {
    return await Promise.race([result, late]);
  } finally {
    timer.abort();
    late.catch(() => undefined);
  }
}

class NoAnswer extends Error {
  override readonly name = 'no answer in time';
}
