import { hash } from 'node:crypto';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { canonicalEntry, parseCanonicalEntry, type SettingsEntry } from './settings-entry.js';
import { SettingsTable } from './settings-table.js';

const MAGIC = 'upgate-settings/1';
const CHECKSUM_BYTES = 32;
const MAX_UNCOMPRESSED = 2 ** 31 - 1;

/** All settings at one position of one log. */
export interface Snapshot {
  epoch: string;
  position: bigint;
  table: SettingsTable;
}

/** The bytes are not a whole snapshot of a version that this program reads. */
export class SnapshotInvalid extends Error {
  override readonly name = 'SnapshotInvalid';
}

interface Header {
  format: string;
  epoch: string;
  position: string;
  digest: string;
  count: number;
}

/**
 * A line of JSON that says what follows; the canonical entries, a line each, compressed with zstd; the SHA-256 of all
 * that, 32 bytes.
 */
export function encodeSnapshot(epoch: string, position: bigint, table: SettingsTable): Buffer {
  const lines = Array.from(table.entries(), canonicalEntry);
  const header: Header = {
    format: MAGIC,
    epoch,
    position: position.toString(),
    digest: table.digest,
    count: table.size,
  };
  const content = Buffer.concat([
    Buffer.from(`${JSON.stringify(header)}\n`),
    zstdCompressSync(Buffer.from(lines.join('\n'))),
  ]);
  return Buffer.concat([content, hash('sha256', content, 'buffer')]);
}

/** Throws SnapshotInvalid unless every byte is as it was written and the entries give the digest it names. */
export function decodeSnapshot(bytes: Buffer): Snapshot {
  const content = verifiedContent(bytes);
  const end = content.indexOf('\n');
  if (end === -1) throw new SnapshotInvalid('it has no header');
  const header = parseHeader(content.toString('utf8', 0, end));
  const table = new SettingsTable();
  table.apply(readEntries(content.subarray(end + 1)));
  if (table.size !== header.count)
    throw new SnapshotInvalid(`it has ${table.size} entries, not ${header.count}`);
  if (table.digest !== header.digest) throw new SnapshotInvalid('its digest is not that of its entries');
  return { epoch: header.epoch, position: BigInt(header.position), table };
}

function verifiedContent(bytes: Buffer): Buffer {
  const content = bytes.subarray(0, -CHECKSUM_BYTES);
  const checksum = bytes.subarray(-CHECKSUM_BYTES);
  if (!hash('sha256', content, 'buffer').equals(checksum)) throw new SnapshotInvalid('its checksum is wrong');
  return content;
}

function parseHeader(line: string): Header {
  let header: Partial<Header>;
  try {
    header = JSON.parse(line) as Partial<Header>;
  } catch {
    throw new SnapshotInvalid('its header is not JSON');
  }
  if (header?.format !== MAGIC)
    throw new SnapshotInvalid(`its format is ${String(header?.format)}, not ${MAGIC}`);
  const { epoch, position, digest, count } = header;
  const whole =
    typeof epoch === 'string' &&
    typeof position === 'string' &&
    /^\d{1,20}$/.test(position) &&
    typeof digest === 'string' &&
    typeof count === 'number';
  if (!whole) throw new SnapshotInvalid('its header lacks a field');
  return { format: MAGIC, epoch, position, digest, count };
}

function readEntries(body: Buffer): SettingsEntry[] {
  try {
    const text = zstdDecompressSync(body, { maxOutputLength: MAX_UNCOMPRESSED }).toString();
    return text === '' ? [] : text.split('\n').map(parseCanonicalEntry);
  } catch (error) {
    throw new SnapshotInvalid(`its entries cannot be read: ${String(error)}`);
  }
}
