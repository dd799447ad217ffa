/** Full jitter: delays drawn from all that lies below a bound, which doubles from `base` to `max` milliseconds. */
export class Backoff {
  #attempts = 0;

  constructor(
    private readonly base: number,
    private readonly max: number,
  ) {}

  next(): number {
    const bound = Math.min(this.max, this.base * 2 ** this.#attempts);
    this.#attempts += 1;
    return Math.random() * bound;
  }

  reset(): void {
    this.#attempts = 0;
  }
}
