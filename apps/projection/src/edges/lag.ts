import { LRUCache } from 'lru-cache';
import type { LagJson } from '#contract';
import type { Position } from '#event-store';
import type { HistoryRows } from '../read-model/history-rows.js';

const POSITIONS_REMEMBERED = 10_000;

/**
 * How far positions are behind the head of the log, in changes and in seconds. The seconds are counted from when the
 * first change beyond the position was recorded: no edge node's clock has a part in them.
 */
export class Lag {
  /** Changes up to a position, which never change. */
  readonly #passed = new LRUCache<Position, number>({ max: POSITIONS_REMEMBERED });
  #counted = { position: 0n, changes: 0 };

  constructor(
    private readonly history: HistoryRows,
    private readonly head: () => Position,
  ) {}

  of(position: Position): LagJson {
    const changes = position < this.head() ? this.#total() - this.#upTo(position) : 0;
    const since = changes > 0 ? this.history.timeAfter(position) : undefined;
    return { changes, seconds: since === undefined ? 0 : secondsSince(since) };
  }

  #total(): number {
    const { position, changes } = this.#counted;
    const head = this.head();
    if (head > position)
      this.#counted = { position: head, changes: changes + this.history.countBetween(position, head) };
    return this.#counted.changes;
  }

  #upTo(position: Position): number {
    if (position <= 0n) return 0;
    const known = this.#passed.get(position);
    if (known !== undefined) return known;
    const passed = this.#total() - this.history.countBetween(position, this.head());
    this.#passed.set(position, passed);
    return passed;
  }
}

function secondsSince(time: string): number {
  return Math.max(0, Math.round(Date.now() - Date.parse(time)) / 1_000);
}
