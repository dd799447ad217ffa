import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { epochOf, headOf, openDatabase } from './database.ts';
import { failureOf } from './failure.ts';
import { verifyRow } from './integrity.ts';
import type { Opened, ReadReply, ReadRequest, ThreadData } from './protocol.ts';

const POLL_MS = 15;

const { file } = workerData as ThreadData;
const port = parentPort as MessagePort;

try {
  const reader = open();
  port.postMessage({ epoch: epochOf(reader.database), head: headOf(reader.database) } satisfies Opened);
  const poll = pollForOtherProcesses(reader.database);
  port.on('message', (request: ReadRequest | 'close') => {
    if (request !== 'close') return port.postMessage(reply(reader, request));
    clearInterval(poll);
    reader.database.close();
    port.close();
  });
} catch (error) {
  port.postMessage({ failure: failureOf(error, file) } satisfies Opened);
}

interface Reader {
  database: DatabaseSync;
  ofStream: StatementSync;
  ofAll: StatementSync;
}

function open(): Reader {
  const database = openDatabase(file, '');
  return {
    database,
    ofStream: database.prepare(
      'SELECT * FROM events WHERE stream = ? AND revision > ? ORDER BY revision LIMIT ?',
    ),
    ofAll: database.prepare(
      'SELECT * FROM events WHERE position > ? AND substr(stream, 1, length(?2)) = ?2 ORDER BY position LIMIT ?3',
    ),
  };
}

/** Tells of commits of other processes by the head after them; this process hears of its own from the writer. */
function pollForOtherProcesses(database: DatabaseSync): NodeJS.Timeout {
  const version = database.prepare('PRAGMA data_version');
  let seen = version.get()?.['data_version'];
  return setInterval(() => {
    const current = version.get()?.['data_version'];
    if (current !== seen) port.postMessage({ head: headOf(database) });
    seen = current;
  }, POLL_MS);
}

function reply({ database, ofStream, ofAll }: Reader, request: ReadRequest): ReadReply {
  const { number } = request;
  try {
    database.exec('BEGIN');
    const rows =
      request.read === 'stream'
        ? ofStream.all(request.stream, request.after, request.limit)
        : ofAll.all(request.after, request.prefix, request.limit);
    const head = headOf(database);
    database.exec('COMMIT');
    return { number, rows: rows.map(verifyRow), head };
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    return { number, failure: failureOf(error, file) };
  }
}
