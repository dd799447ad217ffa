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

/** The one record of an entry: equal entries give equal bytes. Throws RangeError for a text over 65,535 bytes. */
export function encodeEntry(entry: SettingsEntry): Buffer {
  const { resource, hostnames, origin } = entry;
  const lengths = [resource, origin, ...hostnames].map((text) => Buffer.byteLength(text));
  if (Math.max(hostnames.length, ...lengths) > MAX_LENGTH)
    throw new RangeError(`an entry of ${resource.slice(0, 64)} has a part that is too long`);
  const texts = lengths.reduce((sum, length) => sum + length, 2 * hostnames.length);
  const bytes = Buffer.alloc(Math.ceil((TEXTS + texts) / GRAIN) * GRAIN);
  bytes.writeUInt32LE(bytes.length, SIZE);
  writeFields(bytes, entry);
  bytes.writeUInt16LE(bytes.write(resource, TEXTS), ID_LENGTH);
  bytes.writeUInt16LE(bytes.write(origin, TEXTS + lengths[0]!), ORIGIN_LENGTH);
  writeHostnames(bytes, TEXTS + lengths[0]! + lengths[1]!, hostnames);
  return bytes;
}

function writeFields(bytes: Buffer, { position, websockets }: SettingsEntry): void {
  const { enabled, openConnections, position: policyPosition } = websockets;
  bytes.writeBigUInt64LE(position, POSITION);
  bytes.writeBigUInt64LE(policyPosition, POLICY_POSITION);
  bytes.writeDoubleLE(openConnections.mode === 'drain' ? openConnections.seconds : 0, SECONDS);
  bytes.writeUInt8(enabled ? 1 : 0, ENABLED);
  bytes.writeUInt8(OPEN_CONNECTIONS_MODES.indexOf(openConnections.mode), MODE);
}

function writeHostnames(bytes: Buffer, start: number, hostnames: readonly string[]): void {
  bytes.writeUInt16LE(hostnames.length, HOSTNAMES);
  let at = start;
  for (const hostname of hostnames) {
    const length = bytes.write(hostname, at + 2);
    bytes.writeUInt16LE(length, at);
    at += 2 + length;
  }
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
