import { WrongRevision, type EventStore } from '../event-store.js';
import { copiedLines, type CopiedLine } from './copy-file.js';
import { CopyInvalid, eventLine, parseEvent, Tally, type Copied, type CopiedEvent } from './log-lines.js';

const CHUNK_LINES = 500;

/** A log that is being made from a copy. */
export interface ImportTarget {
  store: EventStore;
  /** Whether appends that are called together keep their order. */
  ordered: boolean;
  /** Makes it a log that programs can open, with an epoch of its own: positions are not those of the former log. */
  finish(): Promise<{ epoch: string }>;
  close(): Promise<void>;
}

export interface Imported extends Copied {
  /** Of these, those that an earlier attempt had brought. */
  resumed: number;
  epoch: string;
}

/** Throws CopyInvalid unless the file is a whole copy, as it was exported. */
export function verifyCopy(file: string): Promise<Copied> {
  return tallied(copiedLines(file), ({ text }) => text);
}

/**
 * Makes a log from a copy that has been verified, and verifies the log; one that an earlier attempt has begun is gone on
 * with. Throws CopyInvalid, and what the store throws.
 */
export async function importLog(
  file: string,
  copied: Copied,
  target: ImportTarget,
  onProgress: (events: number) => void,
): Promise<Imported> {
  const lines = copiedLines(file);
  const resumed = await passOver(lines, target.store);
  await appendRest(lines, target, (appended) => onProgress(resumed + appended));
  const stored = await tallied(target.store.readAll(), eventLine);
  if (stored.events !== copied.events || stored.digest !== copied.digest)
    throw new Error(`the log holds ${describe(stored)} after the import, the copy ${describe(copied)}`);
  return { ...stored, resumed, ...(await target.finish()) };
}

async function tallied<T>(items: AsyncIterable<T>, lineOf: (item: T) => string): Promise<Copied> {
  const tally = new Tally();
  for await (const item of items) tally.add(lineOf(item));
  return tally.end();
}

function describe({ events, digest }: Copied): string {
  return `${events} events, ${digest}`;
}

/** Leaves the lines at the first that the log does not hold yet. Gives how many it does. */
async function passOver(lines: AsyncGenerator<CopiedLine>, store: EventStore): Promise<number> {
  let passed = 0;
  for await (const event of store.readAll()) {
    const { value: line } = (await lines.next()) as IteratorResult<CopiedLine, undefined>;
    if (line?.text !== eventLine(event))
      throw new CopyInvalid(
        line?.number ?? passed + 2,
        'the log to import into holds another event in this place: it is of another copy',
      );
    passed += 1;
  }
  return passed;
}

async function appendRest(
  lines: AsyncGenerator<CopiedLine>,
  target: ImportTarget,
  onProgress: (appended: number) => void,
): Promise<void> {
  let appended = 0;
  let chunk: CopiedLine[] = [];
  const flush = async () => {
    await appendInOrder(target, runsOf(chunk));
    appended += chunk.length;
    chunk = [];
    onProgress(appended);
  };
  for await (const line of lines) if (chunk.push(line) === CHUNK_LINES) await flush();
  await flush();
}

/** Events of one stream that follow each other. */
interface Run {
  line: number;
  stream: string;
  revision: number;
  events: CopiedEvent[];
}

function runsOf(lines: readonly CopiedLine[]): Run[] {
  const runs: Run[] = [];
  for (const { number, text } of lines) {
    const event = parseEvent(text, number);
    const last = runs.at(-1);
    if (last?.stream === event.stream) last.events.push(event);
    else runs.push({ line: number, stream: event.stream, revision: event.revision, events: [event] });
  }
  return runs;
}

async function appendInOrder({ store, ordered }: ImportTarget, runs: readonly Run[]): Promise<void> {
  if (ordered) await Promise.all(runs.map((run) => append(store, run)));
  else for (const run of runs) await append(store, run);
}

async function append(store: EventStore, { line, stream, revision, events }: Run): Promise<void> {
  const skewed = events.findIndex((event, index) => event.revision !== revision + index);
  if (skewed >= 0) throw new CopyInvalid(line + skewed, 'the revision does not follow the one before');
  const fresh = events.map(({ id, type, data, metadata }) => ({ id, type, data, metadata }));
  try {
    await store.append(stream, revision === 1 ? 'none' : revision - 1, fresh);
  } catch (error) {
    if (!(error instanceof WrongRevision)) throw error;
    throw new CopyInvalid(line, `the revision ${revision} of ${stream} does not follow ${error.actual}`);
  }
}
