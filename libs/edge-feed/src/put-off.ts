import { MAX_RETRY_AFTER_MS } from '#contract';

const MIN_MS = 500;
/** What handing out one snapshot takes a replica, while all the others ask. */
const NODE_MS = 2;
const SWEEP_MS = 1_000;

/** The nodes that were told to ask again later. The more of them there are, the later: asking costs a replica too. */
export class PutOff {
  /** When each should have been back. */
  readonly #until = new Map<string, number>();
  #sweptAt = 0;

  /** `now` in milliseconds, from any start. */
  constructor(private readonly now: () => number) {}

  /** After how many milliseconds the node may ask again; it takes up to twice as long. */
  add(node: string): number {
    this.#sweep();
    const afterMs = Math.min(MAX_RETRY_AFTER_MS, Math.max(MIN_MS, this.#until.size * NODE_MS));
    this.#until.set(node, this.now() + 2 * afterMs);
    return afterMs;
  }

  /** The node got what it asked for. */
  remove(node: string): void {
    this.#until.delete(node);
  }

  /** Those who did not come back were answered by another replica, or are gone. */
  #sweep(): void {
    const now = this.now();
    if (now - this.#sweptAt < SWEEP_MS) return;
    this.#sweptAt = now;
    for (const [node, until] of this.#until) if (until < now) this.#until.delete(node);
  }
}
