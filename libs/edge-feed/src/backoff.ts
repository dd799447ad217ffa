/** Delays that double from `base` to `max` milliseconds, each drawn at random from its upper half. */
export class Backoff {
  #attempts = 0;

  constructor(
    private readonly base: number,
    private readonly max: number,
  ) {}

  next(): number {
    const delay = Math.min(this.max, this.base * 2 ** this.#attempts);
    this.#attempts += 1;
    return delay * (0.5 + Math.random() / 2);
  }

  reset(): void {
    this.#attempts = 0;
  }
}
