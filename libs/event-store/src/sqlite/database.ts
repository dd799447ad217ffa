import { DatabaseSync } from 'node:sqlite';
import { Damaged } from './failure.ts';

/** "UPGT": marks the file as ours. */
const APPLICATION_ID = 0x55504754;
const VERSION = 1;
const BUSY_TIMEOUT_MS = 10_000;

const SCHEMA = `
  CREATE TABLE meta (epoch TEXT NOT NULL) STRICT;
  CREATE TABLE events (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    stream   TEXT NOT NULL,
    revision INTEGER NOT NULL,
    id       TEXT NOT NULL,
    type     TEXT NOT NULL,
    data     TEXT NOT NULL,
    metadata TEXT NOT NULL,
    checksum INTEGER NOT NULL,
    UNIQUE (stream, revision)
  ) STRICT;
  CREATE TRIGGER events_are_never_changed BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'events are never changed'); END;
  CREATE TRIGGER events_are_never_deleted BEFORE DELETE ON events BEGIN SELECT RAISE(ABORT, 'events are never deleted'); END;
`;

/** Opens the log's file for one thread; makes the log, with the epoch given, if the file is new. */
export function openDatabase(file: string, newEpoch: string): DatabaseSync {
  const database = new DatabaseSync(file, { timeout: BUSY_TIMEOUT_MS });
  try {
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
    createIfNew(database, newEpoch);
    requireOurs(database);
  } catch (error) {
    database.close();
    throw error;
  }
  return database;
}

function createIfNew(database: DatabaseSync, epoch: string): void {
  if (pragma(database, 'user_version') !== 0 || tables(database) > 0) return;
  database.exec('BEGIN IMMEDIATE');
  if (tables(database) === 0) {
    database.exec(SCHEMA);
    database.prepare('INSERT INTO meta (epoch) VALUES (?)').run(epoch);
    database.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${VERSION};`);
  }
  database.exec('COMMIT');
}

function requireOurs(database: DatabaseSync): void {
  if (pragma(database, 'application_id') !== APPLICATION_ID)
    throw new Damaged('it is a database of another program');
  const version = pragma(database, 'user_version');
  if (version !== VERSION) throw new Damaged(`its format is ${version}, this version reads ${VERSION}`);
}

function pragma(database: DatabaseSync, name: string): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()?.[name]);
}

function tables(database: DatabaseSync): number {
  return Number(database.prepare('SELECT count(*) AS count FROM sqlite_schema').get()?.['count']);
}

export function epochOf(database: DatabaseSync): string {
  return String(database.prepare('SELECT epoch FROM meta').get()?.['epoch']);
}

export function headOf(database: DatabaseSync): bigint {
  return BigInt(Number(database.prepare('SELECT max(position) AS head FROM events').get()?.['head'] ?? 0));
}
