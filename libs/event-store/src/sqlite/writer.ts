import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { parentPort, receiveMessageOnPort, workerData, type MessagePort } from 'node:worker_threads';
import { epochOf, headOf, openDatabase } from './database.ts';
import { failureOf } from './failure.ts';
import { HighWaterMark } from './high-water-mark.ts';
import { verify } from './integrity.ts';
import type { AppendReply, AppendRequest, Opened, ThreadData } from './protocol.ts';
import { isAsExpected } from '../expected-revision.ts';
import { checksumOf } from './rows.ts';

const { file } = workerData as ThreadData;
const port = parentPort as MessagePort;

try {
  const writer = open();
  port.postMessage({ epoch: epochOf(writer.database), head: headOf(writer.database) } satisfies Opened);
  port.on('message', (first: AppendRequest | 'close') => serve(writer, first));
} catch (error) {
  port.postMessage({ failure: failureOf(error, file) } satisfies Opened);
}

interface Writer {
  database: DatabaseSync;
  mark: HighWaterMark;
  revisionOf: StatementSync;
  insert: StatementSync;
}

function open(): Writer {
  mkdirSync(dirname(file), { recursive: true });
  const mark = new HighWaterMark(file);
  const database = openDatabase(file, randomUUID());
  verify(database, mark.read());
  return {
    database,
    mark,
    revisionOf: database.prepare('SELECT max(revision) AS revision FROM events WHERE stream = ?'),
    insert: database.prepare(
      'INSERT INTO events (stream, revision, id, type, data, metadata, checksum) VALUES (?, ?, ?, ?, ?, ?, ?)',
    ),
  };
}

/** Takes all requests that have come meanwhile into one transaction: they share one sync of the disk. */
function serve(writer: Writer, first: AppendRequest | 'close'): void {
  const group: AppendRequest[] = [];
  for (
    let message: AppendRequest | 'close' | undefined = first;
    message !== undefined;
    message = nextMessage()
  ) {
    if (message === 'close') {
      if (group.length > 0) port.postMessage(commit(writer, group));
      return close(writer);
    }
    group.push(message);
  }
  port.postMessage(commit(writer, group));
}

function nextMessage(): AppendRequest | 'close' | undefined {
  return receiveMessageOnPort(port)?.message as AppendRequest | 'close' | undefined;
}

function commit(writer: Writer, group: AppendRequest[]): AppendReply[] {
  const { database, mark } = writer;
  try {
    database.exec('BEGIN IMMEDIATE');
    const replies = group.map((request) => append(writer, request));
    database.exec('COMMIT');
    const positions = replies.flatMap((reply) => ('appended' in reply ? [reply.appended.position] : []));
    const last = positions.at(-1);
    if (last !== undefined) mark.write(last);
    return replies;
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    const failure = failureOf(error, file);
    return group.map(({ number }) => ({ number, failure }));
  }
}

function append(
  { revisionOf, insert }: Writer,
  { number, stream, expected, events }: AppendRequest,
): AppendReply {
  const actualRevision = Number(revisionOf.get(stream)?.['revision'] ?? 0);
  if (!isAsExpected(expected, actualRevision)) return { number, actualRevision };
  let revision = actualRevision;
  let position = 0n;
  for (const event of events) {
    revision += 1;
    const { id, type, data, metadata } = event;
    const checksum = checksumOf({ stream, revision, ...event });
    position = BigInt(insert.run(stream, revision, id, type, data, metadata, checksum).lastInsertRowid);
  }
  return { number, appended: { revision, position } };
}

function close({ database, mark }: Writer): void {
  database.close();
  mark.close();
  port.close();
}
