import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';
import { headOf } from './database.ts';
import { Damaged } from './failure.ts';
import { checksumOf, type EventRow } from './rows.ts';

/** Throws Damaged unless the log holds, whole and unchanged, every event up to the position acknowledged. */
export function verify(database: DatabaseSync, acknowledged: bigint): void {
  const [result] = database.prepare('PRAGMA quick_check(1)').all();
  if (result?.['quick_check'] !== 'ok') throw new Damaged(String(result?.['quick_check']));
  const head = headOf(database);
  if (head < acknowledged) {
    throw new Damaged(`it ends at position ${head}, but events up to ${acknowledged} have been acknowledged`);
  }
  let expected = 1n;
  for (const row of database.prepare('SELECT * FROM events ORDER BY position').iterate()) {
    if (BigInt(Number(row['position'])) !== expected)
      throw new Damaged(`the event at position ${expected} is missing`);
    verifyRow(row);
    expected += 1n;
  }
}

/** The row as an event, its checksum verified. */
export function verifyRow(row: Record<string, SQLOutputValue>): EventRow {
  const event = {
    position: BigInt(Number(row['position'])),
    stream: String(row['stream']),
    revision: Number(row['revision']),
    id: String(row['id']),
    type: String(row['type']),
    data: String(row['data']),
    metadata: String(row['metadata']),
  };
  if (checksumOf(event) === row['checksum']) return event;
  throw new Damaged(`the event at position ${event.position} is not as it was written`);
}
