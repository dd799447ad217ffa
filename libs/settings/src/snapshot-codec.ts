import { createHash } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import { setImmediate } from 'node:timers/promises';
import { constants, createZstdCompress, createZstdDecompress } from 'node:zlib';
import { SettingsTable } from './settings-table.js';

const MAGIC = 'upgate-settings/2';
const CHECKSUM_BYTES = 32;
/** What is worked on at a time, before others have their turn. */
const SLICE_BYTES = 256 * 1024;
/** Records are short and alike: level 1 takes half the time of the default, and the outcome is a sixth smaller. */
const COMPRESSION = { chunkSize: SLICE_BYTES, params: { [constants.ZSTD_c_compressionLevel]: 1 } };
/** As much of a chunk as a record that began in the one before very likely ends in. */
const SEAM_BYTES = 1024;
/** What a header says is not believed beyond this, before the entries are there. */
const MAX_EXPECTED = 4_000_000;

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
 * A line of JSON that says what follows; the records of all entries, compressed with zstd; the SHA-256 of all that, 32
 * bytes. It is of the table as it is at the time of the call, though the work goes on after it, in small steps.
 */
export async function encodeSnapshot(epoch: string, position: bigint, table: SettingsTable): Promise<Buffer> {
  const header: Header = {
    format: MAGIC,
    epoch,
    position: position.toString(),
    digest: table.digest,
    count: table.size,
  };
  const parts: Buffer[] = [Buffer.from(`${JSON.stringify(header)}\n`)];
  const keep = async (compressed: AsyncIterable<Buffer>) => {
    for await (const part of compressed) parts.push(part);
  };
  await pipeline(table.records(), createZstdCompress(COMPRESSION), keep);
  return Buffer.concat([...parts, await checksumOf(...parts)]);
}

/** Throws SnapshotInvalid unless every byte is as it was written and the entries give the digest it names. */
export async function decodeSnapshot(bytes: Buffer): Promise<Snapshot> {
  const content = await verifiedContent(bytes);
  const end = content.indexOf('\n');
  if (end === -1) throw new SnapshotInvalid('it has no header');
  const header = parseHeader(content.toString('utf8', 0, end));
  const table = await loadTable(content.subarray(end + 1), header.count);
  if (table.size !== header.count)
    throw new SnapshotInvalid(`it has ${table.size} entries, not ${header.count}`);
  if (table.digest !== header.digest) throw new SnapshotInvalid('its digest is not that of its entries');
  return { epoch: header.epoch, position: BigInt(header.position), table };
}

async function verifiedContent(bytes: Buffer): Promise<Buffer> {
  const content = bytes.subarray(0, -CHECKSUM_BYTES);
  const checksum = bytes.subarray(-CHECKSUM_BYTES);
  if (!(await checksumOf(content)).equals(checksum)) throw new SnapshotInvalid('its checksum is wrong');
  return content;
}

async function checksumOf(...parts: readonly Buffer[]): Promise<Buffer> {
  const hash = createHash('sha256');
  for (const part of parts) {
    for (let start = 0; start < part.length; start += SLICE_BYTES) {
      hash.update(part.subarray(start, start + SLICE_BYTES));
      await setImmediate();
    }
  }
  return hash.digest();
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

async function loadTable(compressed: Buffer, count: number): Promise<SettingsTable> {
  const table = new SettingsTable();
  table.expect(Math.min(count, MAX_EXPECTED));
  try {
    const chunks = createZstdDecompress({ chunkSize: SLICE_BYTES });
    chunks.end(compressed);
    let rest: Buffer = Buffer.alloc(0);
    for await (const chunk of chunks as AsyncIterable<Buffer>) {
      rest = loadChunk(table, rest, chunk);
      if (table.size > count) throw new RangeError(`there are more than ${count}`);
    }
    if (rest.length > 0) throw new RangeError('the last one is cut off');
  } catch (error) {
    throw new SnapshotInvalid(`its entries cannot be read: ${String(error)}`);
  }
  return table;
}

/** Loads what is whole of a chunk and of the rest of the one before, and gives what is left of them. */
function loadChunk(table: SettingsTable, rest: Buffer, chunk: Buffer): Buffer {
  const seam = Buffer.concat([rest, chunk.subarray(0, SEAM_BYTES)]);
  const loaded = table.load(seam);
  const records =
    loaded < rest.length
      ? Buffer.concat([rest.subarray(loaded), chunk])
      : chunk.subarray(loaded - rest.length);
  return records.subarray(table.load(records));
}
