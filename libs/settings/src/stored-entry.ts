import { OPEN_CONNECTIONS_MODES, type OpenConnections } from '#domain';
import type { Hostname } from '#hostname';
import { isKey, keyIn, type Key } from './record-key.js';
import type { SettingsEntry } from './settings-entry.js';

/** Records begin and end at multiples of so many bytes. */
export const GRAIN = 16;

/*
 * A record, little-endian: u32 its size, with the lowest bit set when it is dead · u64 position · u64 position of the
 * policy · f64 seconds of a drain · u8 enabled · u8 mode for open connections · u16 bytes of the id · u16 bytes of the
 * origin · u16 count of hostnames · the id · the origin · each hostname after its length (u16) · zeros.
 */
const POSITION = 4;
const POLICY_POSITION = 12;
const SECONDS = 20;
const ENABLED = 28;
const MODE = 29;
const ID_LENGTH = 30;
const ORIGIN_LENGTH = 32;
const HOSTNAMES = 34;
const TEXTS = 36;
const DEAD = 1;
const MAX_LENGTH = 0xffff;

/** Memory that holds records. */
export interface Block {
  readonly bytes: Buffer;
  readonly view: DataView;
}

export function blockOf(bytes: Buffer): Block {
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length) };
}

/**
 * An entry as it lies in memory, each field read when it is asked for. It stays as it is whatever becomes of the table;
 * `plain` gives an object that can be spread.
 */
export class StoredEntry implements SettingsEntry {
  constructor(
    readonly block: Block,
    readonly start: number,
  ) {}

  /** In bytes. */
  get size(): number {
    return this.block.view.getUint32(this.start, true) & ~DEAD;
  }

  get end(): number {
    return this.start + this.size;
  }

  get dead(): boolean {
    return (this.block.view.getUint32(this.start, true) & DEAD) !== 0;
  }

  get position(): bigint {
    return this.block.view.getBigUint64(this.start + POSITION, true);
  }

  get resource(): string {
    const { start, end } = this.#resource;
    return this.block.bytes.toString('utf8', start, end);
  }

  get origin(): string {
    const { end: start } = this.#resource;
    return this.block.bytes.toString('utf8', start, start + this.#uint16(ORIGIN_LENGTH));
  }

  get hostnames(): Hostname[] {
    const hostnames: Hostname[] = [];
    this.#eachHostname((start, end) => hostnames.push(this.block.bytes.toString('utf8', start, end)));
    return hostnames;
  }

  get websockets(): SettingsEntry['websockets'] {
    const { view } = this.block;
    return {
      enabled: view.getUint8(this.start + ENABLED) === 1,
      openConnections: this.#openConnections,
      position: view.getBigUint64(this.start + POLICY_POSITION, true),
    };
  }

  get plain(): SettingsEntry {
    const { resource, position, hostnames, origin, websockets } = this;
    return { resource, position, hostnames, origin, websockets };
  }

  get resourceKey(): Key {
    const { start, end } = this.#resource;
    return keyIn(this.block.bytes, start, end);
  }

  isOf(resource: Key): boolean {
    const { start, end } = this.#resource;
    return isKey(resource, this.block.bytes, start, end);
  }

  has(hostname: Key): boolean {
    let found = false;
    this.#eachHostname((start, end) => (found ||= isKey(hostname, this.block.bytes, start, end)));
    return found;
  }

  eachHostnameKey(visit: (hostname: Key) => void): void {
    this.#eachHostname((start, end) => visit(keyIn(this.block.bytes, start, end)));
  }

  kill(): void {
    this.block.view.setUint32(this.start, this.size | DEAD, true);
  }

  /** Whether there is a record whose every part lies within it. */
  get whole(): boolean {
    const { size, start } = this;
    if (this.dead || size % GRAIN !== 0 || size < TEXTS || start + size > this.block.bytes.length)
      return false;
    let end = this.#resource.end + this.#uint16(ORIGIN_LENGTH);
    if (end > start + size) return false;
    for (let count = this.#uint16(HOSTNAMES); count > 0; count -= 1) {
      if (end + 2 > start + size) return false;
      end += 2 + this.block.view.getUint16(end, true);
    }
    return end <= start + size && this.block.view.getUint8(start + MODE) < OPEN_CONNECTIONS_MODES.length;
  }

  #eachHostname(visit: (start: number, end: number) => void): void {
    let start = this.#resource.end + this.#uint16(ORIGIN_LENGTH) + 2;
    for (let count = this.#uint16(HOSTNAMES); count > 0; count -= 1) {
      const end = start + this.block.view.getUint16(start - 2, true);
      visit(start, end);
      start = end + 2;
    }
  }

  get #resource(): { start: number; end: number } {
    const start = this.start + TEXTS;
    return { start, end: start + this.#uint16(ID_LENGTH) };
  }

  get #openConnections(): OpenConnections {
    const { view } = this.block;
    const mode = OPEN_CONNECTIONS_MODES[view.getUint8(this.start + MODE)]!;
    return mode === 'drain' ? { mode, seconds: view.getFloat64(this.start + SECONDS, true) } : { mode };
  }

  #uint16(field: number): number {
    return this.block.view.getUint16(this.start + field, true);
  }
}

/** The one record of an entry: equal entries give equal bytes. Throws RangeError for a text over 65,535 bytes. */
export function encodeEntry({ resource, position, hostnames, origin, websockets }: SettingsEntry): Buffer {
  const { enabled, openConnections, position: policyPosition } = websockets;
  const lengths = [resource, origin, ...hostnames].map((text) => Buffer.byteLength(text));
  if (Math.max(hostnames.length, ...lengths) > MAX_LENGTH)
    throw new RangeError(`an entry of ${resource.slice(0, 64)} has a part that is too long`);
  const texts = lengths.reduce((sum, length) => sum + length, 2 * hostnames.length);
  const bytes = Buffer.alloc(Math.ceil((TEXTS + texts) / GRAIN) * GRAIN);
  bytes.writeUInt32LE(bytes.length, 0);
  bytes.writeBigUInt64LE(position, POSITION);
  bytes.writeBigUInt64LE(policyPosition, POLICY_POSITION);
  bytes.writeDoubleLE(openConnections.mode === 'drain' ? openConnections.seconds : 0, SECONDS);
  bytes.writeUInt8(enabled ? 1 : 0, ENABLED);
  bytes.writeUInt8(OPEN_CONNECTIONS_MODES.indexOf(openConnections.mode), MODE);
  bytes.writeUInt16LE(lengths[0]!, ID_LENGTH);
  bytes.writeUInt16LE(lengths[1]!, ORIGIN_LENGTH);
  bytes.writeUInt16LE(hostnames.length, HOSTNAMES);
  let at = TEXTS + bytes.write(resource, TEXTS);
  at += bytes.write(origin, at);
  for (const hostname of hostnames) {
    const length = bytes.write(hostname, at + 2);
    bytes.writeUInt16LE(length, at);
    at += 2 + length;
  }
  return bytes;
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
