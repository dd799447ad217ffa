import { randomUUID } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import { StoreCorrupt, StoreUnavailable } from '../event-store.js';
import { headOf, openToRead } from './database.js';
import { failureOf } from './failure.js';
import { HighWaterMark } from './high-water-mark.js';
import { verify } from './integrity.js';
import { checksumOf } from './rows.js';
import { NEVER_CHANGED } from './schema.js';

/**
 * Verifies the whole log and gives it another epoch, in one transaction; what it holds now is then what was
 * acknowledged. Throws StoreCorrupt, or StoreUnavailable if any program has the log open.
 */
export function renewEpochOf(file: string): string {
  try {
    verified(file);
    const { epoch, head } = renewed(file);
    HighWaterMark.reset(file, head);
    return epoch;
  } catch (error) {
    const { kind, message } = failureOf(error, file).failure;
    throw kind === 'corrupt' ? new StoreCorrupt(message) : new StoreUnavailable(message);
  }
}

/** Its end is not held against what was acknowledged: an older log is what is to be put right here. */
function verified(file: string): void {
  const database = openToRead(file);
  try {
    verify(database, 0n, () => undefined);
  } finally {
    database.close();
  }
}

function renewed(file: string): { epoch: string; head: bigint } {
  const database = new DatabaseSync(file, { timeout: 0 });
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
    database.exec('BEGIN EXCLUSIVE');
    const epoch = randomUUID();
    changeEpoch(database, epoch);
    database.exec('COMMIT');
    return { epoch, head: headOf(database) };
  } finally {
    database.close();
  }
}

/** The checksum of an event covers the epoch, so that no event of another log is ever taken for one of this. */
function changeEpoch(database: DatabaseSync, epoch: string): void {
  database.function('checksum', (stream, revision, id, type, data, metadata) =>
    checksumOf(epoch, {
      stream: String(stream),
      revision: Number(revision),
      id: String(id),
      type: String(type),
      data: String(data),
      metadata: String(metadata),
    }),
  );
  database.exec('DROP TRIGGER events_are_never_changed');
  database.exec('UPDATE events SET checksum = checksum(stream, revision, id, type, data, metadata)');
  database.exec(NEVER_CHANGED);
  database.prepare('UPDATE meta SET epoch = ?').run(epoch);
}
