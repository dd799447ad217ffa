import { OPEN_CONNECTIONS_MODES } from '#domain';
import {
  blockOf,
  ENABLED,
  GRAIN,
  HOSTNAMES,
  ID_LENGTH,
  MAX_LENGTH,
  MODE,
  ORIGIN_LENGTH,
  POLICY_POSITION,
  POSITION,
  SECONDS,
  SIZE,
  TEXTS,
} from './record-layout.js';
import type { SettingsEntry } from './settings-entry.js';
import { StoredEntry } from './stored-entry.js';

const END_OF_ASCII = 0x80;
const MAX_BYTES_OF_CHARACTER = 3;

let scratch = blockOf(Buffer.alloc(4_096));

/** The one record of an entry: equal entries give equal bytes. Throws RangeError for a text over 65,535 bytes. */
export function encodeEntry(entry: SettingsEntry): Buffer {
  const { block, end } = stageEntry(entry);
  return Buffer.from(block.bytes.subarray(0, end));
}

/** The same in memory of its own, good until the next call. */
export function stageEntry(entry: SettingsEntry): StoredEntry {
  makeRoom(entry);
  const { view } = scratch;
  let end = writeText(TEXTS, entry.resource, ID_LENGTH);
  end = writeText(end, entry.origin, ORIGIN_LENGTH);
  for (const hostname of entry.hostnames) end = writeText(end + 2, hostname, end);
  view.setUint16(HOSTNAMES, checked(entry.hostnames.length), true);
  writePolicy(view, entry);
  const size = Math.ceil(end / GRAIN) * GRAIN;
  scratch.bytes.fill(0, end, size);
  view.setUint32(SIZE, size, true);
  return new StoredEntry(scratch, 0);
}

function makeRoom({ resource, origin, hostnames }: SettingsEntry): void {
  const characters = hostnames.reduce((sum, { length }) => sum + length, resource.length + origin.length);
  const needed = TEXTS + characters * MAX_BYTES_OF_CHARACTER + hostnames.length * 2 + GRAIN;
  if (needed > scratch.bytes.length) scratch = blockOf(Buffer.alloc(needed));
}

/** Writes a text and, in the field given, its length in bytes. Tells where it ends. */
function writeText(start: number, text: string, lengthField: number): number {
  const length = writeAscii(start, text) ? text.length : scratch.bytes.write(text, start);
  scratch.view.setUint16(lengthField, checked(length), true);
  return start + length;
}

/** Without a call into native code, which would take longer than the text. False if the text is not ASCII. */
function writeAscii(start: number, text: string): boolean {
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code >= END_OF_ASCII) return false;
    scratch.bytes[start + at] = code;
  }
  return true;
}

function writePolicy(view: DataView, { position, websockets }: SettingsEntry): void {
  const { enabled, openConnections, position: policyPosition } = websockets;
  view.setBigUint64(POSITION, position, true);
  view.setBigUint64(POLICY_POSITION, policyPosition, true);
  view.setFloat64(SECONDS, openConnections.mode === 'drain' ? openConnections.seconds : 0, true);
  view.setUint8(ENABLED, enabled ? 1 : 0);
  view.setUint8(MODE, OPEN_CONNECTIONS_MODES.indexOf(openConnections.mode));
}

function checked(length: number): number {
  if (length <= MAX_LENGTH) return length;
  throw new RangeError(`an entry has a part of ${length}, at most ${MAX_LENGTH} are allowed`);
}

/** Reads back the entries of records that follow each other. Throws RangeError for anything else. */
export function decodeEntries(bytes: Buffer): SettingsEntry[] {
  const block = blockOf(bytes);
  const entries: SettingsEntry[] = [];
  for (let start = 0; start < bytes.length; start = new StoredEntry(block, start).end) {
    const stored = new StoredEntry(block, start);
    if (!stored.whole) throw new RangeError('there is something that is no entry');
    entries.push(stored.plain);
  }
  return entries;
}

/** Reads back one entry. Throws RangeError if that is not what the bytes are. */
export function decodeEntry(bytes: Buffer): SettingsEntry {
  const [entry, ...others] = decodeEntries(bytes);
  if (!entry || others.length > 0) throw new RangeError('there is not exactly one entry');
  return entry;
}
