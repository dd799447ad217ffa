import { crc32 } from 'node:zlib';

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

/** Covers every field of a row but its position, which the order of the log proves. */
export function checksumOf({
  stream,
  revision,
  id,
  type,
  data,
  metadata,
}: Omit<EventRow, 'position'>): number {
  return crc32(`${stream}\n${revision}\n${id}\n${type}\n${data}\n${metadata}`);
}
