import type { Position, RecordedEvent, SubscriptionItem } from './event-store.js';

interface Batch {
  events: readonly RecordedEvent[];
  /** The end of the log, unless there may be more. */
  caughtUpAt?: Position;
}

export interface FollowedLog {
  /** Matching events above a position. With `wait`, as soon as the log has grown above it. */
  readBatch(after: Position, wait: boolean): Promise<Batch>;
}

/**
 * Catch-up and live are one loop that reads on from where it is: there can be neither gap nor duplicate. What comes next
 * is asked for while the caller works on what came before.
 */
export async function* follow(
  log: FollowedLog,
  after: Position,
  signal: AbortSignal,
): AsyncGenerator<readonly SubscriptionItem[]> {
  let at = after;
  let reading = readAhead(log, at, false);
  while (!signal.aborted) {
    const batch = await unlessAborted(reading, signal);
    if (!batch || signal.aborted) return;
    const { events, caughtUpAt } = batch;
    const items: SubscriptionItem[] = events.map((event) => ({ kind: 'event', event }));
    if (caughtUpAt !== undefined) items.push({ kind: 'caught-up', position: caughtUpAt });
    at = later(at, caughtUpAt ?? events.at(-1)?.position ?? at);
    reading = readAhead(log, at, caughtUpAt !== undefined);
    yield items;
  }
}

/** A failure is the reader's who comes for it; nobody may come, and that is no failure. */
function readAhead(log: FollowedLog, after: Position, wait: boolean): Promise<Batch> {
  const reading = log.readBatch(after, wait);
  reading.catch(() => undefined);
  return reading;
}

/** Undefined if the signal is aborted first. */
function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const stop = () => resolve(undefined);
    signal.addEventListener('abort', stop, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}

/** Never back: a log that ends before the position asked for is followed from that position on. */
function later(one: Position, other: Position): Position {
  return one > other ? one : other;
}
