import { closeSync, constants, fstatSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';

const DIGITS = 20;

/**
 * The highest position that has been acknowledged, in a file beside the log. SQLite takes a write-ahead log that was
 * cut for one that was never longer; this mark tells. It is a lower bound: it is written after each commit and without
 * a sync, so that it costs next to nothing, and two processes that write at once may set it back by a few positions.
 */
export class HighWaterMark {
  readonly #file: number;

  /** Its file has its full size from the start: writing it again needs no room on the disk. */
  constructor(logFile: string) {
    this.#file = openSync(markOf(logFile), constants.O_RDWR | constants.O_CREAT, 0o644);
    if (fstatSync(this.#file).size < DIGITS) this.#write(0n);
  }

  /** Makes the mark, on disk, that of a log that was put in place: what it told of another holds no more. */
  static reset(logFile: string, position: bigint): void {
    const mark = new HighWaterMark(logFile);
    try {
      mark.#write(position);
      fsyncSync(mark.#file);
    } finally {
      mark.close();
    }
  }

  /** The events are on disk whether or not the mark can be written: one that lags behind is still true. */
  raise(position: bigint): void {
    try {
      this.#write(position);
    } catch {
      return;
    }
  }

  close(): void {
    closeSync(this.#file);
  }

  #write(position: bigint): void {
    writeSync(this.#file, position.toString().padStart(DIGITS, '0'), 0);
  }
}

/** What the mark beside the log says, without touching it; 0n if there is none. */
export function highestAcknowledged(logFile: string): bigint {
  let text: string;
  try {
    text = readFileSync(markOf(logFile), 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 0n;
    throw error;
  }
  return /^\d{20}$/.test(text) ? BigInt(text) : 0n;
}

export function markOf(logFile: string): string {
  return `${logFile}.head`;
}
