import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { parentPort, receiveMessageOnPort, workerData, type MessagePort } from 'node:worker_threads';
import { isAsExpected } from '../expected-revision.ts';
import { epochOf, openToWrite } from './database.ts';
import { failureOf } from './failure.ts';
import { HighWaterMark } from './high-water-mark.ts';
import type {
  AppendReply,
  AppendRequest,
  Commit,
  FromThread,
  Numbered,
  Opened,
  ThreadData,
  ToThread,
} from './protocol.ts';
import { checksumOf } from './rows.ts';

const { file } = workerData as ThreadData;
const port = parentPort as MessagePort;

try {
  const writer = open();
  port.postMessage({ epoch: writer.epoch } satisfies Opened);
  port.on('message', (first: Message) => serve(writer, first));
} catch (error) {
  port.postMessage(failureOf(error, file) satisfies Opened);
}

type Message = ToThread<AppendRequest>;

interface Writer {
  database: DatabaseSync;
  epoch: string;
  mark: HighWaterMark;
  revisionOf: StatementSync;
  insert: StatementSync;
}

function open(): Writer {
  const mark = new HighWaterMark(file);
  const database = openToWrite(file);
  return {
    database,
    epoch: epochOf(database),
    mark,
    revisionOf: database.prepare('SELECT max(revision) AS revision FROM events WHERE stream = ?'),
    insert: database.prepare(
      'INSERT INTO events (stream, revision, id, type, data, metadata, checksum) VALUES (?, ?, ?, ?, ?, ?, ?)',
    ),
  };
}

/** Takes all requests that have come meanwhile into one transaction: they share one sync of the disk. */
function serve(writer: Writer, first: Message): void {
  const messages = [first];
  for (let next = nextMessage(); next !== undefined; next = nextMessage()) messages.push(next);
  const group = messages.filter((message) => message !== 'close').flat();
  if (group.length > 0) port.postMessage(commit(writer, group));
  if (messages.at(-1) === 'close') close(writer);
}

function nextMessage(): Message | undefined {
  return receiveMessageOnPort(port)?.message as Message | undefined;
}

function commit(writer: Writer, group: Numbered<AppendRequest>[]): FromThread<AppendReply> {
  const { database, mark } = writer;
  try {
    database.exec('BEGIN IMMEDIATE');
    const replies = group.map((request) => ({ number: request.number, ...append(writer, request) }));
    database.exec('COMMIT');
    const written = writtenBy(group, replies);
    if (!written) return { replies };
    mark.raise(written.head);
    return { replies, commit: written.commit };
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    const failed = failureOf(error, file);
    return { replies: group.map(({ number }) => ({ number, ...failed })) };
  }
}

function append(
  { epoch, revisionOf, insert }: Writer,
  { stream, expected, events }: AppendRequest,
): AppendReply {
  const actualRevision = Number(revisionOf.get(stream)?.['revision'] ?? 0);
  if (!isAsExpected(expected, actualRevision)) return { actualRevision };
  let revision = actualRevision;
  let position = 0n;
  for (const event of events) {
    revision += 1;
    const { id, type, data, metadata } = event;
    const checksum = checksumOf(epoch, { stream, revision, ...event });
    position = BigInt(insert.run(stream, revision, id, type, data, metadata, checksum).lastInsertRowid);
  }
  return { appended: { revision, position } };
}

/** Undefined if every append of the group was refused. */
function writtenBy(
  group: readonly AppendRequest[],
  replies: readonly AppendReply[],
): { head: bigint; commit: Commit } | undefined {
  let head = 0n;
  let appends = 0;
  let events = 0;
  for (const [index, reply] of replies.entries()) {
    if (!('appended' in reply)) continue;
    head = reply.appended.position;
    appends += 1;
    events += group[index]!.events.length;
  }
  return appends > 0 ? { head, commit: { appends, events } } : undefined;
}

function close({ database, mark }: Writer): void {
  database.close();
  mark.close();
  port.close();
}
