import type { Socket } from 'node:net';
import { FrameTracker } from './frame-tracker.js';

/** One way of a WebSocket: carries bytes as they come, with back-pressure, and knows where frames end. */
export class TunnelDirection {
  readonly #frames = new FrameTracker();
  #bytes = 0;
  #last: { frame: Buffer; onSent: () => void } | undefined;

  constructor(
    private readonly from: Socket,
    private readonly to: Socket,
  ) {}

  get bytes(): number {
    return this.#bytes;
  }

  start(head: Buffer): void {
    this.from.on('data', (chunk) => this.#carry(chunk));
    this.from.once('end', () => this.to.end());
    this.to.on('drain', () => this.from.resume());
    if (head.length > 0) this.#carry(head);
    if (!this.to.writableNeedDrain) this.from.resume();
  }

  /** Ends this way with a frame of our own after the one that is under way; what follows it is dropped. */
  endWith(frame: Buffer, onSent: () => void): void {
    this.#last = { frame, onSent };
    if (this.#frames.atBoundary) this.#end(this.#last);
  }

  #carry(chunk: Buffer): void {
    if (this.to.writableEnded || this.to.destroyed) return;
    const taken = this.#last ? this.#frames.trackToBoundary(chunk) : chunk.length;
    if (!this.#last) this.#frames.track(chunk);
    this.#bytes += taken;
    if (!this.to.write(chunk.subarray(0, taken))) this.from.pause();
    if (this.#last && this.#frames.atBoundary) this.#end(this.#last);
  }

  /** No frame may follow a Close of the peer's own (RFC 6455, 5.5.1). */
  #end({ frame, onSent }: { frame: Buffer; onSent: () => void }): void {
    if (!this.to.writableEnded && !this.#frames.closeSeen) this.to.write(frame);
    this.to.end();
    this.from.resume();
    onSent();
  }
}
