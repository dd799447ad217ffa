import type { EventEmitter } from 'node:events';

/** Calls `expire` once none of the streams it watches has passed on a byte for so long. */
export class IdleTimer {
  readonly #timer: NodeJS.Timeout;

  constructor(idleMs: number, expire: () => void) {
    this.#timer = setTimeout(expire, idleMs);
  }

  /** Readable streams begin to flow; they must be piped on, or be read to nowhere, at once. */
  watch(...streams: EventEmitter[]): void {
    const touch = () => this.#timer.refresh();
    for (const stream of streams) stream.on('data', touch).on('drain', touch);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
