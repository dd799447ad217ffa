import type { Logger } from 'pino';
import { openEventStore, requireLog, type EventStore, type RecordedEvent } from '#event-store';
import { lockInstance } from '#platform';
import { readModelFolder, type Folders } from './folders.js';
import { Projection, RESOURCE_STREAMS } from './fold/projection.js';
import { openReadModel } from './read-model/open-read-model.js';
import type { Checkpoint, ReadModel } from './read-model/read-model.js';

const PROGRESS_EVENTS = 50_000;

interface RebuildFolders extends Folders {
  /** Where the log is. */
  store: string;
}

type Print = (line: string) => void;

/**
 * Drops the read model and makes it anew from the log, and says whether both agree: whether the digest at the position
 * where the old one stood, if there was one, is the same. Throws InstanceRunning while a program uses the read model.
 */
export async function rebuildReadModel(
  folders: RebuildFolders,
  logger: Logger,
  print: Print,
): Promise<boolean> {
  requireLog(folders);
  const folder = readModelFolder(folders);
  await using parts = new AsyncDisposableStack();
  parts.defer(lockInstance(folder, 'UPGATE_READ_MODEL'));
  const store = await openEventStore(folders);
  parts.defer(() => store.close());
  const { readModel, table } = await openReadModel(folder, store, logger);
  parts.defer(() => readModel.close());

  const before = readModel.checkpoint();
  print(`before: ${describe(readModel, table.size, before)}`);
  readModel.startAnew();
  const projection = new Projection(readModel, readModel.loadSettings());
  const digest = await foldAll(store, projection, before, print);
  readModel.complete();
  print(`after:  ${describe(readModel, projection.table.size, projection.head)}`);
  return judge(before, digest, print);
}

function describe(readModel: ReadModel, resources: number, { position, digest }: Checkpoint): string {
  return `${readModel.history.count()} events, ${resources} resources, position ${position}, digest ${digest}`;
}

/** Folds the log to its end. Gives the digest at the position where the old read model stood. */
async function foldAll(
  store: EventStore,
  projection: Projection,
  before: Checkpoint,
  print: Print,
): Promise<string | undefined> {
  const end = await store.head();
  let digest: string | undefined;
  for await (const events of batches(store)) {
    projection.apply(events.filter(({ position }) => position <= before.position));
    if (projection.head.position === before.position) digest = projection.head.digest;
    projection.apply(events);
    if (projection.folded % PROGRESS_EVENTS < events.length)
      print(`${projection.folded} events, position ${projection.head.position} of ${end}`);
  }
  return digest;
}

/** The events of all resources, as they are read, up to the end of the log. */
async function* batches(store: EventStore): AsyncGenerator<readonly RecordedEvent[]> {
  const stop = new AbortController();
  const subscription = store.subscribe({ after: 0n, prefix: RESOURCE_STREAMS, signal: stop.signal });
  for await (const items of subscription) {
    yield items.flatMap((item) => (item.kind === 'event' ? [item.event] : []));
    if (items.at(-1)?.kind === 'caught-up') return stop.abort();
  }
}

function judge(before: Checkpoint, digest: string | undefined, print: Print): boolean {
  if (before.position === 0n) {
    print('There was nothing to compare with.');
    return true;
  }
  const agree = digest === before.digest;
  print(
    agree
      ? `They agree at position ${before.position}.`
      : `They differ at position ${before.position}: ${before.digest} before, ${digest ?? 'no such position'} now. ` +
          'What is there now is what the log says.',
  );
  return agree;
}
