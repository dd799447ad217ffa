import type { Position, RecordedEvent } from '#event-store';
import type { EdgeRegistry } from './edge-registry.js';

/** Of positions that not all live nodes have applied: more are not watched. */
const MAX_PENDING = 100_000;

interface Pending {
  position: Position;
  /** By the clock of who wrote the event, in milliseconds. */
  recordedAt: number;
}

/**
 * Measures for every event how long it takes from when its command was recorded until all live nodes have applied it,
 * without anybody having to wait for it. While no node is live there is nothing to measure.
 */
export class ConvergenceTimes {
  #pending: Pending[] = [];
  /** A node that lacks the first of them. */
  #lacking: string | undefined;

  constructor(
    private readonly edges: Pick<EdgeRegistry, 'events' | 'anyLive' | 'lacks' | 'findLacking'>,
    private readonly observe: (seconds: number) => void,
  ) {
    edges.events.on('changed', () => this.#settle());
  }

  /** Seconds since the first event was recorded that not all live nodes have applied; 0 if there is none. */
  get oldest(): number {
    const [first] = this.#pending;
    return first ? secondsSince(first.recordedAt) : 0;
  }

  recorded(events: readonly RecordedEvent[]): void {
    for (const { position, metadata } of events.slice(0, MAX_PENDING - this.#pending.length))
      this.#pending.push({ position, recordedAt: Date.parse(metadata.time) });
    this.#settle();
  }

  /** A node that lacked the first position lacks it still, mostly: then there is nothing more to look at. */
  #settle(): void {
    const [first] = this.#pending;
    if (!first || (this.#lacking !== undefined && this.edges.lacks(this.#lacking, first.position))) return;
    if (!this.edges.anyLive()) this.#pending = [];
    const applied = this.#appliedByAll();
    for (const { recordedAt } of this.#pending.splice(0, applied)) this.observe(secondsSince(recordedAt));
  }

  /** How many of the pending are: by halves, since who has applied one has applied those before it. */
  #appliedByAll(): number {
    this.#lacking = undefined;
    let from = 0;
    let to = this.#pending.length;
    while (from < to) {
      const middle = (from + to) >> 1;
      const lacking = this.edges.findLacking(this.#pending[middle]!.position);
      if (lacking === undefined) from = middle + 1;
      else to = middle;
      this.#lacking = lacking ?? this.#lacking;
    }
    return from;
  }
}

function secondsSince(time: number): number {
  return Math.max(0, Date.now() - time) / 1_000;
}
