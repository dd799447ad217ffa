import type { Position, RecordedEvent, SubscriptionItem } from './event-store.js';

export interface FollowedLog {
  /** Matching events above a position; `caughtUpAt`, the end of the log, unless there may be more. */
  readBatch(after: Position): Promise<{ events: readonly RecordedEvent[]; caughtUpAt?: Position }>;
  /** Resolves when the log may hold events above the position, or when the signal is aborted. */
  grownAbove(position: Position, signal: AbortSignal): Promise<void>;
}

/**
 * Catch-up and live are one loop that reads on from where it is: there can be neither gap nor duplicate. What comes next
 * is read while the caller works on what came before.
 */
export async function* follow(
  log: FollowedLog,
  after: Position,
  signal: AbortSignal,
): AsyncGenerator<readonly SubscriptionItem[]> {
  let at = after;
  let reading = readAhead(log, at);
  while (!signal.aborted) {
    const { events, caughtUpAt } = await reading;
    const items: SubscriptionItem[] = events.map((event) => ({ kind: 'event', event }));
    if (caughtUpAt !== undefined) items.push({ kind: 'caught-up', position: caughtUpAt });
    at = later(at, caughtUpAt ?? events.at(-1)?.position ?? at);
    if (signal.aborted) return;
    if (caughtUpAt === undefined) reading = readAhead(log, at);
    yield items;
    if (caughtUpAt === undefined) continue;
    await log.grownAbove(at, signal);
    if (!signal.aborted) reading = readAhead(log, at);
  }
}

/** A failure is the reader's who comes for it; nobody may come, and that is no failure. */
function readAhead(log: FollowedLog, after: Position): ReturnType<FollowedLog['readBatch']> {
  const reading = log.readBatch(after);
  reading.catch(() => undefined);
  return reading;
}

/** Never back: a log that ends before the position asked for is followed from that position on. */
function later(one: Position, other: Position): Position {
  return one > other ? one : other;
}
