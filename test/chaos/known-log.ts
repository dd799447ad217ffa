import type { Attempt, History } from './history.js';

interface Point {
  at: number;
  position: bigint;
}

/** What of the log there was when a command was decided. */
export class KnownLog {
  /** Positions that had been told in an answer. */
  readonly #told: Point[];
  /** Positions that cannot have been in the log before: their command had not been sent. */
  readonly #sent: Point[];

  constructor({ events, attempts }: History) {
    const sentAt = new Map(attempts.map(({ requestId, invokedAt }) => [requestId, invokedAt]));
    this.#told = rising(
      attempts.flatMap(({ reply }) =>
        reply && 'answer' in reply ? [{ at: reply.at, position: BigInt(reply.answer.position) }] : [],
      ),
    );
    this.#sent = rising(
      events.map(({ position, metadata }) => ({ at: sentAt.get(metadata.correlationId) ?? 0, position })),
    );
  }

  /** The log was at some position from `least` to `most` when the command was decided. */
  when({ invokedAt, reply }: Attempt): { least: bigint; most: bigint } {
    return { least: lastBefore(this.#told, invokedAt), most: lastBefore(this.#sent, reply?.at ?? Infinity) };
  }
}

/** By time, each with the highest position up to then. */
function rising(points: Point[]): Point[] {
  let highest = 0n;
  return points
    .toSorted((one, other) => one.at - other.at)
    .map(({ at, position }) => ({ at, position: (highest = position > highest ? position : highest) }));
}

function lastBefore(points: readonly Point[], time: number): bigint {
  let [low, high] = [0, points.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (points[middle]!.at < time) low = middle + 1;
    else high = middle;
  }
  return points[low - 1]?.position ?? 0n;
}
