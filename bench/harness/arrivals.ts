import { eventually } from '../../test/support/condition.js';
import { monotonic } from './monotonic.js';

/** What one subscriber of the benchmark has had so far. */
export class Arrivals {
  #count = 0;
  #lastAt = 0;

  take(): void {
    this.#count += 1;
    this.#lastAt = monotonic();
  }

  get count(): number {
    return this.#count;
  }

  /** When the last one came, of the monotonic clock. */
  get lastAt(): number {
    return this.#lastAt;
  }
}

/** Waits until each has had so many; when each got its last one. */
export async function allArrived(all: readonly Arrivals[], count: number): Promise<number[]> {
  await eventually('every subscriber to have it', () => all.every((one) => one.count >= count), 60_000);
  return all.map(({ lastAt }) => lastAt);
}
