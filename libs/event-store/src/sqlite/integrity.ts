import { existsSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { epochOf, headOf } from './database.ts';
import { Damaged } from './damaged.ts';
import type { Verified } from './protocol.ts';
import { verifiedRow } from './rows.ts';

const PROGRESS_EVERY = 100_000n;

/**
 * Throws Damaged unless the log holds, whole and unchanged, every event up to the position acknowledged. Tells from time
 * to time how far it has got.
 */
export function verify(
  database: DatabaseSync,
  acknowledged: bigint,
  onProgress: (progress: Verified) => void,
): void {
  const [result] = database.prepare('PRAGMA integrity_check(1)').all();
  if (result?.['integrity_check'] !== 'ok') throw new Damaged(String(result?.['integrity_check']));
  const head = headOf(database);
  requireUpTo(acknowledged, head);
  const epoch = epochOf(database);
  let expected = 1n;
  for (const row of database.prepare('SELECT * FROM events ORDER BY position').iterate()) {
    const { position } = verifiedRow(epoch, row);
    if (position !== expected) throw new Damaged(`the event at position ${expected} is missing`);
    if (position % PROGRESS_EVERY === 0n) onProgress({ verified: position, of: head });
    expected += 1n;
  }
}

/** Throws Damaged if there is no log where events have been acknowledged. */
export function requireThere(file: string, acknowledged: bigint): void {
  if (!existsSync(file)) throw new Damaged(`it is gone, ${butAcknowledged(acknowledged)}`);
}

function requireUpTo(acknowledged: bigint, head: bigint): void {
  if (head >= acknowledged) return;
  const held = head === 0n ? 'it holds no event' : `it ends at position ${head}`;
  throw new Damaged(`${held}, ${butAcknowledged(acknowledged)}`);
}

function butAcknowledged(position: bigint): string {
  return `but events up to position ${position} have been acknowledged`;
}
