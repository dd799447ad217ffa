import type { FeedChange } from './messages.js';

const MAX_COUNT = 4_096;
const MAX_BYTES = 32 * 1024 * 1024;

/** Changes heard and not yet judged, in the order they came; bounded. */
export class PendingChanges {
  #items: { change: FeedChange; bytes: number }[] = [];
  #bytes = 0;

  /** False if there is no room: then all are forgotten, for a sync to bring. */
  add(change: FeedChange, bytes: number): boolean {
    this.#items.push({ change, bytes });
    this.#bytes += bytes;
    if (this.#items.length <= MAX_COUNT && this.#bytes <= MAX_BYTES) return true;
    this.keep(() => false);
    return false;
  }

  get first(): FeedChange | undefined {
    return this.#items[0]?.change;
  }

  keep(wanted: (change: FeedChange) => boolean): void {
    this.#items = this.#items.filter(({ change }) => wanted(change));
    this.#bytes = this.#items.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  dropWhile(unwanted: (change: FeedChange) => boolean): void {
    while (this.first && unwanted(this.first)) this.shift();
  }

  shift(): void {
    this.#bytes -= this.#items.shift()?.bytes ?? 0;
  }
}
