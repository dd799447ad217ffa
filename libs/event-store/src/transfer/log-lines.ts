import { createHash, type Hash } from 'node:crypto';
import type { NewEvent, RecordedEvent } from '../event-store.js';

const FORMAT = 'upgate-log';
const VERSION = 1;

/** What a copy of a log is found to hold. */
export interface Copied {
  events: number;
  /** Over the lines of all events. */
  digest: string;
}

/** An event as a copy holds it: what a store gives it by its place in the log, the position, is left out. */
export type CopiedEvent = NewEvent & Pick<RecordedEvent, 'stream' | 'revision'>;

/** A line of a copy is not what it should be. */
export class CopyInvalid extends Error {
  override readonly name = 'CopyInvalid';
  constructor(line: number, problem: string) {
    super(`line ${line}: ${problem}`);
  }
}

export function headerLine(epoch: string): string {
  return JSON.stringify({ format: FORMAT, version: VERSION, epoch });
}

/** The same for the same event, whichever store it comes from. */
export function eventLine({ stream, revision, id, type, data, metadata }: CopiedEvent): string {
  return JSON.stringify({ stream, revision, id, type, data, metadata });
}

export function endLine({ events, digest }: Copied): string {
  return JSON.stringify({ end: true, events, digest });
}

/** Counts and sums lines of events. */
export class Tally {
  events = 0;
  readonly #hash: Hash = createHash('sha256');

  add(line: string): void {
    this.events += 1;
    this.#hash.update(line).update('\n');
  }

  end(): Copied {
    return { events: this.events, digest: `sha256:${this.#hash.digest('hex')}` };
  }
}

/** Throws CopyInvalid unless the line begins a copy that this version reads. */
export function requireHeader(line: string): void {
  const header = parsed(line, 1);
  if (header['format'] !== FORMAT) throw new CopyInvalid(1, 'this is not the first line of an exported log');
  if (header['version'] !== VERSION)
    throw new CopyInvalid(1, `its format is ${String(header['version'])}, this version reads ${VERSION}`);
}

/** What the last line says; undefined for a line that is not the last. */
export function parseEnd(line: string, number: number): Copied | undefined {
  const { end, events, digest } = parsed(line, number);
  if (end === undefined) return undefined;
  if (end !== true || typeof events !== 'number' || typeof digest !== 'string')
    throw new CopyInvalid(number, 'the last line must hold end, events and digest');
  return { events, digest };
}

/** Throws CopyInvalid unless the line is an event, written as an export writes it. */
export function parseEvent(line: string, number: number): CopiedEvent {
  const event = parsed(line, number);
  if (!isEvent(event))
    throw new CopyInvalid(number, 'an event must hold stream, revision, id, type, data and metadata');
  if (eventLine(event) !== line) throw new CopyInvalid(number, 'the event is not as it was exported');
  return event;
}

function isEvent(value: object): value is CopiedEvent {
  const { stream, revision, id, type, data, metadata } = value as Record<string, unknown>;
  return (
    [stream, id, type].every((text) => typeof text === 'string' && text !== '') &&
    Number.isSafeInteger(revision) &&
    Number(revision) > 0 &&
    data !== undefined &&
    typeof metadata === 'object' &&
    metadata !== null &&
    'schemaVersion' in metadata &&
    'commandId' in metadata
  );
}

function parsed(line: string, number: number): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Said below.
  }
  throw new CopyInvalid(number, 'this is not a JSON object');
}
