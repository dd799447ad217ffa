const MIN_INTERVAL_MS = 50;
const MAX_INTERVAL_MS = 5_000;

/** Decides when a node's status is sent: soon after it changed, never in floods, and now and then in any case. */
export class StatusReporter {
  #timer: NodeJS.Timeout | undefined;
  #sentAt = -Infinity;
  #asked = false;

  constructor(private readonly send: () => void) {}

  /** Something changed: sent at once, or as soon as may be. */
  report(): void {
    if (this.#asked) return;
    const wait = this.#sentAt + MIN_INTERVAL_MS - performance.now();
    if (wait <= 0) return this.now();
    this.#asked = true;
    this.#arm(wait);
  }

  now(): void {
    this.#asked = false;
    this.#sentAt = performance.now();
    this.#arm(MAX_INTERVAL_MS);
    this.send();
  }

  stop(): void {
    this.#asked = true;
    clearTimeout(this.#timer);
  }

  #arm(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.now(), ms);
  }
}
