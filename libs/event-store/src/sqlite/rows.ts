import type { SQLOutputValue } from 'node:sqlite';
import { crc32 } from 'node:zlib';
import { Damaged } from './damaged.ts';

/** An event as a row of the log: JSON as it was written, nothing parsed. */
export interface EventRow {
  position: bigint;
  stream: string;
  revision: number;
  id: string;
  type: string;
  data: string;
  metadata: string;
}

/** Covers the log's epoch and every field of a row but its position, which the order of the log proves. */
export function checksumOf(
  epoch: string,
  { stream, revision, id, type, data, metadata }: Omit<EventRow, 'position'>,
): number {
  return crc32(`${epoch}\n${stream}\n${revision}\n${id}\n${type}\n${data}\n${metadata}`);
}

/** The row as an event. Throws Damaged if it is not as it was written. */
export function verifiedRow(epoch: string, row: Record<string, SQLOutputValue>): EventRow {
  const event = {
    position: BigInt(Number(row['position'])),
    stream: String(row['stream']),
    revision: Number(row['revision']),
    id: String(row['id']),
    type: String(row['type']),
    data: String(row['data']),
    metadata: String(row['metadata']),
  };
  if (checksumOf(epoch, event) === row['checksum']) return event;
  throw new Damaged(`the event at position ${event.position} is not as it was written`);
}
