/** When a node asks for a sync next, and whether only a snapshot will do. Times in milliseconds of `now`. */
export class SyncSchedule {
  #wantedAt: number | undefined;
  #notBefore = 0;
  #snapshot = false;

  constructor(private readonly now: () => number) {}

  get snapshot(): boolean {
    return this.#snapshot;
  }

  /** How long to wait; undefined: nothing is wanted. */
  get dueIn(): number | undefined {
    if (this.#wantedAt === undefined) return undefined;
    return Math.max(0, this.#wantedAt - this.now(), this.#notBefore - this.now());
  }

  /** The earliest wish counts; that only a snapshot will do is not forgotten. */
  want({ after = 0, snapshot = false } = {}): void {
    this.#wantedAt = Math.min(this.#wantedAt ?? Infinity, this.now() + after);
    this.#snapshot ||= snapshot;
  }

  /** No sync sooner than that, whatever is wanted. */
  postpone(ms: number): void {
    this.#notBefore = this.now() + ms;
  }

  /** What was postponed for longer may come then. */
  hasten(ms = 0): void {
    this.#notBefore = Math.min(this.#notBefore, this.now() + ms);
  }

  clear(): void {
    this.#wantedAt = undefined;
    this.#snapshot = false;
  }
}
