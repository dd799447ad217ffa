import { judgeHead, type At, type HeadVerdict } from './ordering.js';

/** Silence for so long, and a node calls itself stale. */
const STALE_AFTER_MS = 5_000;
/** A replica may lag a little; when every head for so long is below the node's position, the log was put back. */
const AHEAD_AFTER_MS = 3_000;

/** What the heads heard say of a node: whether it may trust that it is current, and whether it is ahead of the log. */
export class HeadWatch {
  /** Of the present connection. */
  head: At | undefined;
  lastHeadAt: Date | undefined;
  stale = true;
  ahead = false;
  #lowSince: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** `changed` is called when `stale` or `ahead` has changed. */
  constructor(private readonly changed: () => void) {}

  heard(head: At, at: At): HeadVerdict {
    this.head = head;
    this.lastHeadAt = new Date();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#set(true, this.ahead), STALE_AFTER_MS);
    const verdict = judgeHead(at, head);
    this.#lowSince = verdict === 'ahead' ? (this.#lowSince ?? performance.now()) : undefined;
    this.#set(false, this.#lowSince !== undefined && performance.now() - this.#lowSince >= AHEAD_AFTER_MS);
    return verdict;
  }

  /** What was heard over another connection says nothing of now. */
  reconnected(): void {
    this.head = undefined;
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #set(stale: boolean, ahead: boolean): void {
    if (stale === this.stale && ahead === this.ahead) return;
    this.stale = stale;
    this.ahead = ahead;
    this.changed();
  }
}
