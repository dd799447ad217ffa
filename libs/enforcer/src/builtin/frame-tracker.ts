const CLOSE = 8;

/**
 * Follows the frames of one direction of a WebSocket, bytes in any portions, to know where frames end. Frame headers
 * are never masked (RFC 6455, 5.2), so a counter is all the state it takes; payloads are neither read nor kept.
 */
export class FrameTracker {
  /** Bytes of the current frame's header seen so far, and how many it has; 2 until they tell. */
  #seen = 0;
  #size = 2;
  #extended = 0;
  #length = 0;
  #payload = 0;
  #closeSeen = false;

  /** Whether the bytes so far end with a whole frame; true before the first. */
  get atBoundary(): boolean {
    return this.#seen === 0 && this.#payload === 0;
  }

  /** Whether a Close frame has begun: no frame may follow it. */
  get closeSeen(): boolean {
    return this.#closeSeen;
  }

  /** Takes all of the bytes. */
  track(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) at += this.#step(bytes, at);
  }

  /** Takes bytes up to the end of the frame under way, none if there is none, and tells how many. */
  trackToBoundary(bytes: Uint8Array): number {
    let at = 0;
    while (at < bytes.length && !this.atBoundary) at += this.#step(bytes, at);
    return at;
  }

  #step(bytes: Uint8Array, at: number): number {
    if (this.#payload === 0) {
      this.#header(bytes[at]!);
      return 1;
    }
    const taken = Math.min(this.#payload, bytes.length - at);
    this.#payload -= taken;
    return taken;
  }

  #header(byte: number): void {
    if (this.#seen === 0 && (byte & 0x0f) === CLOSE) this.#closeSeen = true;
    if (this.#seen === 1) this.#sizes(byte);
    else if (this.#seen > 1 && this.#seen < 2 + this.#extended) this.#length = this.#length * 256 + byte;
    this.#seen += 1;
    if (this.#seen < this.#size) return;
    this.#payload = this.#length;
    this.#seen = 0;
    this.#size = 2;
  }

  /** The second byte: whether the payload is masked, and its length or the number of bytes that tell it. */
  #sizes(byte: number): void {
    const short = byte & 0x7f;
    this.#extended = short === 126 ? 2 : short === 127 ? 8 : 0;
    this.#length = this.#extended === 0 ? short : 0;
    this.#size = 2 + this.#extended + (byte & 0x80 ? 4 : 0);
  }
}
