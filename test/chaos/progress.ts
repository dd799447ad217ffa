import type { WriteStream } from 'node:tty';

/** Shows how far a long run has got: on one line of a terminal, else a line each. */
export class Progress {
  readonly #start = performance.now();

  constructor(private readonly out: WriteStream) {}

  show(line: string): void {
    const seconds = Math.round((performance.now() - this.#start) / 1000);
    const text = `${seconds} s  ${line}`;
    this.out.write(this.out.isTTY ? `\r\u001b[K${text}` : `${text}\n`);
  }

  end(): void {
    if (this.out.isTTY) this.out.write('\n');
  }
}
