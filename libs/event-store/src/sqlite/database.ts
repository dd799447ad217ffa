import { randomUUID } from 'node:crypto';
import { existsSync, linkSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { makeFolder } from '../make-folder.ts';
import { Damaged } from './damaged.ts';
import { APPLICATION_ID, SCHEMA, VERSION } from './schema.ts';

const BUSY_TIMEOUT_MS = 10_000;
/** 16 MB of write-ahead log before a commit merges it: with SQLite's 1,000, one commit in 330 waits for that. */
const PAGES_PER_CHECKPOINT = 4_000;

/** Opens the log for the thread that reads. Nothing is written, so what is damaged stays as it was found. */
export function openToRead(file: string): DatabaseSync {
  if (statSync(file).size === 0) throw new Damaged('it is empty');
  const database = new DatabaseSync(file, { readOnly: true, timeout: BUSY_TIMEOUT_MS });
  try {
    requireOurs(database);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Opens the log for the thread that writes: what it commits is on disk. */
export function openToWrite(file: string): DatabaseSync {
  const database = new DatabaseSync(file, { timeout: BUSY_TIMEOUT_MS });
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
  database.exec(`PRAGMA wal_autocheckpoint = ${PAGES_PER_CHECKPOINT}`);
  return database;
}

/**
 * Makes a new log, with an epoch of its own, if there is none: whole or not at all, whenever this process ends. Of two
 * processes that do this at once, one makes the log and both find it.
 */
export function createIfAbsent(file: string): void {
  if (existsSync(file)) return;
  makeFolder(dirname(file));
  const draft = `${file}.${randomUUID()}.new`;
  try {
    createAt(draft);
    linkUnlessThere(draft, file);
  } finally {
    rmSync(draft, { force: true });
  }
}

function createAt(file: string): void {
  const database = openToWrite(file);
  try {
    database.exec('BEGIN');
    database.exec(SCHEMA);
    database.prepare('INSERT INTO meta (epoch) VALUES (?)').run(randomUUID());
    database.exec('COMMIT');
  } finally {
    database.close();
  }
}

function linkUnlessThere(draft: string, file: string): void {
  try {
    linkSync(draft, file);
  } catch (error) {
    if (!existsSync(file)) throw error;
  }
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

export function epochOf(database: DatabaseSync): string {
  return String(database.prepare('SELECT epoch FROM meta').get()?.['epoch']);
}

export function headOf(database: DatabaseSync): bigint {
  return headReader(database)();
}

/** Prepared once, for those who ask often. */
export function headReader(database: DatabaseSync): () => bigint {
  const select = database.prepare('SELECT max(position) AS head FROM events');
  return () => BigInt(Number(select.get()?.['head'] ?? 0));
}
