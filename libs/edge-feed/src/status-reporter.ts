const MIN_INTERVAL_MS = 50;
const MAX_INTERVAL_MS = 5_000;

/** Decides when a node's status is sent: soon after it changed, never in floods, and now and then in any case. */
export class StatusReporter {
  #timer: NodeJS.Timeout | undefined;
  #sentAt = -Infinity;
  #dueAt = Infinity;

  constructor(private readonly send: () => void) {}

  /** Something changed, or somebody asks: sent after so many milliseconds, or as soon after that as may be. */
  report(afterMs = 0): void {
    const now = performance.now();
    const dueAt = Math.max(now + afterMs, this.#sentAt + MIN_INTERVAL_MS);
    if (dueAt <= now) this.#now();
    else if (dueAt < this.#dueAt) this.#arm(dueAt);
  }

  /** Nothing is sent any more. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#sentAt = Infinity;
  }

  #now(): void {
    this.#sentAt = performance.now();
    this.#arm(this.#sentAt + MAX_INTERVAL_MS);
    this.send();
  }

  #arm(dueAt: number): void {
    clearTimeout(this.#timer);
    this.#dueAt = dueAt;
    this.#timer = setTimeout(() => this.#now(), Math.max(0, dueAt - performance.now()));
  }
}
