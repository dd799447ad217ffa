/** Heads come every second: without one for so long, the feed is away. */
const SILENCE_MS = 3_000;

/**
 * Time as it passes at the feed. It stands while the feed is away – NATS is down or cut off, or this process was
 * stopped: what a node says then cannot be heard, so that its silence means nothing.
 */
export class FeedTime {
  #passed = 0;
  #heardAt = -Infinity;
  #session = 0;

  constructor(private readonly clock: () => number = () => performance.now()) {}

  /** Milliseconds. */
  get now(): number {
    return this.#passed + Math.min(SILENCE_MS, this.clock() - this.#heardAt);
  }

  get away(): boolean {
    return this.clock() - this.#heardAt >= SILENCE_MS;
  }

  /** Counts how often the feed was joined: what was heard in a session before may be so no more. */
  get session(): number {
    return this.#session;
  }

  /** A session begins: a connection has come about, or the feed is heard after it was away. */
  join(): void {
    this.#session += 1;
    this.#advance();
  }

  /** The feed is there. True if it was away: a session begins. */
  heard(): boolean {
    const { away } = this;
    if (away) this.join();
    else this.#advance();
    return away;
  }

  #advance(): void {
    this.#passed = this.now;
    this.#heardAt = this.clock();
  }
}
