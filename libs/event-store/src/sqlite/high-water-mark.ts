import { closeSync, constants, openSync, readFileSync, writeSync } from 'node:fs';

const DIGITS = 20;

/**
 * The highest position that has been acknowledged, in a file beside the log. SQLite takes a write-ahead log that was
 * cut for one that was never longer; this mark tells. It is written without a sync after each commit, so that it costs
 * next to nothing, and is never above what the log holds.
 */
export class HighWaterMark {
  readonly #file: number;

  constructor(logFile: string) {
    this.#file = openSync(`${logFile}.head`, constants.O_RDWR | constants.O_CREAT, 0o644);
  }

  read(): bigint {
    const text = readFileSync(this.#file, 'utf8');
    return /^\d{20}$/.test(text) ? BigInt(text) : 0n;
  }

  write(position: bigint): void {
    writeSync(this.#file, position.toString().padStart(DIGITS, '0'), 0);
  }

  close(): void {
    closeSync(this.#file);
  }
}
