import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite';
import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { watchForCommits } from './commit-watch.ts';
import { createIfAbsent, epochOf, headReader, openToRead } from './database.ts';
import { failureOf } from './failure.ts';
import { highestAcknowledged } from './high-water-mark.ts';
import { requireThere, verify } from './integrity.ts';
import type {
  Failed,
  FromThread,
  Numbered,
  Opened,
  ReadReply,
  ReadRequest,
  ThreadData,
  ToThread,
} from './protocol.ts';
import { verifiedRow } from './rows.ts';

const { file } = workerData as ThreadData;
const port = parentPort as MessagePort;

try {
  const reader = open();
  port.postMessage({ epoch: reader.epoch } satisfies Opened);
  port.on('message', (message: ToThread<ReadRequest>) => {
    if (message !== 'close') return answer(reader, message);
    reader.stopWatching?.();
    reader.database.close();
    port.close();
  });
} catch (error) {
  port.postMessage(failureOf(error, file) satisfies Opened);
}

interface Reader {
  database: DatabaseSync;
  epoch: string;
  head: () => bigint;
  ofStream: StatementSync;
  ofAll: StatementSync;
  /** Of which the log has not grown enough yet. */
  awaiting: Numbered<ReadRequest>[];
  stopWatching?: () => void;
}

function open(): Reader {
  const acknowledged = highestAcknowledged(file);
  if (acknowledged === 0n) createIfAbsent(file);
  else requireThere(file, acknowledged);
  const database = openToRead(file);
  try {
    verify(database, acknowledged, (progress) => port.postMessage(progress));
  } catch (error) {
    database.close();
    throw error;
  }
  return {
    database,
    epoch: epochOf(database),
    head: headReader(database),
    ofStream: database.prepare(
      'SELECT * FROM events WHERE stream = ? AND revision > ? ORDER BY revision LIMIT ?',
    ),
    ofAll: database.prepare(
      'SELECT * FROM events WHERE position > ? AND substr(stream, 1, length(?2)) = ?2 ORDER BY position LIMIT ?3',
    ),
    awaiting: [],
  };
}

function answer(reader: Reader, requests: Numbered<ReadRequest>[]): void {
  for (const request of requests) {
    const found = reply(reader, request);
    if (isTooEarly(request, found)) holdBack(reader, request);
    else
      port.postMessage({ replies: [{ ...found, number: request.number }] } satisfies FromThread<ReadReply>);
  }
}

function isTooEarly(request: ReadRequest, found: ReadReply | Failed): boolean {
  return request.read === 'all' && request.wait && 'head' in found && found.head <= request.after;
}

function holdBack(reader: Reader, request: Numbered<ReadRequest>): void {
  reader.awaiting.push(request);
  reader.stopWatching ??= watchForChanges(reader.database, () => answer(reader, reader.awaiting.splice(0)));
}

/** Calls back when a process has committed, and when it cannot be told whether one has: reading then shows why. */
function watchForChanges(database: DatabaseSync, onChange: () => void): () => void {
  const version = database.prepare('PRAGMA data_version');
  let seen: SQLOutputValue | undefined;
  return watchForCommits(file, () => {
    try {
      const current = version.get()?.['data_version'];
      if (current === seen) return;
      seen = current;
    } catch {
      seen = undefined;
    }
    onChange();
  });
}

function reply(reader: Reader, request: ReadRequest): ReadReply | Failed {
  const { database, epoch } = reader;
  try {
    database.exec('BEGIN');
    const head = reader.head();
    const rows = rowsOf(reader, request, head);
    database.exec('COMMIT');
    return { rows: rows.map((row) => verifiedRow(epoch, row)), head };
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    return failureOf(error, file);
  }
}

function rowsOf(
  { ofStream, ofAll }: Reader,
  request: ReadRequest,
  head: bigint,
): Record<string, SQLOutputValue>[] {
  switch (request.read) {
    case 'head':
      return [];
    case 'stream':
      return ofStream.all(request.stream, request.after, request.limit);
    case 'all':
      return request.after < head ? ofAll.all(request.after, request.prefix, request.limit) : [];
    default:
      return request satisfies never;
  }
}
