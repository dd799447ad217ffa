const NEWLINE = 10;

/** The lines of a stream without their ends; undefined in place of one that is longer than `maxBytes`. */
export async function* linesOf(
  chunks: AsyncIterable<Buffer>,
  maxBytes: number,
): AsyncGenerator<Buffer | undefined> {
  const line = new Line(maxBytes);
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      line.add(chunk.subarray(start, end));
      yield line.take();
      start = end + 1;
    }
    line.add(chunk.subarray(start));
  }
  if (line.bytes > 0) yield line.take();
}

/** A line as it comes in. Of one that is too long nothing is kept. */
class Line {
  #parts: Buffer[] = [];
  bytes = 0;

  constructor(private readonly maxBytes: number) {}

  add(part: Buffer): void {
    this.bytes += part.length;
    if (this.bytes > this.maxBytes) this.#parts = [];
    else this.#parts.push(part);
  }

  take(): Buffer | undefined {
    const line = this.bytes > this.maxBytes ? undefined : Buffer.concat(this.#parts);
    this.#parts = [];
    this.bytes = 0;
    return line;
  }
}
