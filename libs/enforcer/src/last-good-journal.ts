import { crc32 } from 'node:zlib';
import { decodeEntries, encodeEntry, isRemoval, type SettingsChange, type Snapshot } from '#settings';
import { undo } from './active-policy-diff.js';

const FORMAT = 'upgate-change/2';
/** The length of the content and its CRC-32, 4 bytes each, big-endian. */
const PREFIX_BYTES = 8;

/** A change as a node took it: it leads from one position of a log to another. */
export interface AcceptedChange {
  epoch: string;
  previous: bigint;
  position: bigint;
  /** Of the whole table after it. */
  digest: string;
  changes: readonly SettingsChange[];
}

interface Header {
  format: string;
  epoch: string;
  previous: string;
  position: string;
  digest: string;
  /** The resource and the position of each removal. */
  removed: [string, string][];
}

/** One record of the journal: its prefix, a line of JSON that says what it is and what is gone, and the new entries. */
export function encodeRecord({ epoch, previous, position, digest, changes }: AcceptedChange): Buffer {
  const header: Header = {
    format: FORMAT,
    epoch,
    previous: previous.toString(),
    position: position.toString(),
    digest,
    removed: changes.filter(isRemoval).map((change) => [change.resource, change.position.toString()]),
  };
  const entries = changes.flatMap((change) => (isRemoval(change) ? [] : [encodeEntry(change)]));
  const content = Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n`), ...entries]);
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.writeUInt32BE(content.length, 0);
  prefix.writeUInt32BE(crc32(content), 4);
  return Buffer.concat([prefix, content]);
}

/**
 * Takes a policy forward through a journal, as far as every record is whole, follows the one before it and gives the
 * digest it names. Tells what was found there if that is not the end.
 */
export function replay(policy: Snapshot, journal: Buffer): string | undefined {
  let offset = 0;
  try {
    while (offset < journal.length) {
      const content = contentAt(journal, offset);
      advance(policy, parseContent(content));
      offset += PREFIX_BYTES + content.length;
    }
    return undefined;
  } catch (error) {
    return `the record at byte ${offset} ${error instanceof Error ? error.message : String(error)}`;
  }
}

function contentAt(journal: Buffer, offset: number): Buffer {
  const start = offset + PREFIX_BYTES;
  if (start > journal.length) throw new Error('is cut off');
  const end = start + journal.readUInt32BE(offset);
  if (end > journal.length) throw new Error('is cut off');
  const content = journal.subarray(start, end);
  if (crc32(content) !== journal.readUInt32BE(offset + 4)) throw new Error('has a wrong checksum');
  return content;
}

function parseContent(content: Buffer): AcceptedChange {
  const end = content.indexOf('\n');
  const header = JSON.parse(content.toString('utf8', 0, end)) as Header;
  const { format, epoch, previous, position, digest, removed } = header;
  if (format !== FORMAT) throw new Error(`has the format ${format}, not ${FORMAT}`);
  return {
    epoch,
    previous: BigInt(previous),
    position: BigInt(position),
    digest,
    changes: [...removed.map(removalOf), ...decodeEntries(content.subarray(end + 1))],
  };
}

/** A record at or below the policy's position, or of another log, was left behind when a snapshot took its place. */
function advance(policy: Snapshot, { epoch, previous, position, digest, changes }: AcceptedChange): void {
  if (epoch !== policy.epoch || position <= policy.position) return;
  if (previous !== policy.position)
    throw new Error(`follows position ${previous}, but the one before it ends at ${policy.position}`);
  const diffs = policy.table.apply(changes);
  if (policy.table.digest !== digest) {
    undo(policy.table, diffs);
    throw new Error('does not give the digest it names');
  }
  policy.position = position;
}

function removalOf([resource, position]: [string, string]): SettingsChange {
  return { resource, position: BigInt(position), removed: true };
}
