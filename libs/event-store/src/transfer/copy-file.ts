import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { CopyInvalid, parseEnd, parseEvent, requireHeader, Tally, type Copied } from './log-lines.js';

export interface CopiedLine {
  /** Counts from 1. */
  number: number;
  text: string;
}

/**
 * The lines of the events in a copy of a log. Throws CopyInvalid, naming the line, for what is not a copy, or one that
 * was truncated or changed: when the end is reached, all before is right.
 */
export async function* copiedLines(file: string): AsyncGenerator<CopiedLine> {
  const tally = new Tally();
  let number = 0;
  let end: Copied | undefined;
  for await (const text of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
    number += 1;
    if (end) throw new CopyInvalid(number, 'there is more after the last line');
    if (number === 1) requireHeader(text);
    else if ((end = parseEnd(text, number)) === undefined) {
      parseEvent(text, number);
      tally.add(text);
      yield { number, text };
    }
  }
  requireSame(tally.end(), end, number);
}

function requireSame(found: Copied, said: Copied | undefined, number: number): void {
  if (!said) throw new CopyInvalid(number + 1, 'the copy ends before its last line: it was truncated');
  if (found.events !== said.events)
    throw new CopyInvalid(number, `it says ${said.events} events, but there are ${found.events}`);
  if (found.digest !== said.digest)
    throw new CopyInvalid(number, `it says ${said.digest}, but the events give ${found.digest}`);
}
