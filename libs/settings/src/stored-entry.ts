import { OPEN_CONNECTIONS_MODES, type OpenConnections } from '#domain';
import type { Hostname } from '#hostname';
import { isText, keyIn, sameText, type Key, type Text } from './record-key.js';
import {
  DEAD,
  ENABLED,
  GRAIN,
  HOSTNAMES,
  ID_LENGTH,
  MODE,
  ORIGIN_LENGTH,
  POLICY_POSITION,
  POSITION,
  SECONDS,
  SIZE,
  TEXTS,
  type Block,
} from './record-layout.js';
import type { SettingsEntry } from './settings-entry.js';

const DRAIN = OPEN_CONNECTIONS_MODES.indexOf('drain');

/** What is asked of the bytes of a text, with nothing made for it: there are millions. */
export type TextTest = (bytes: Uint8Array, start: number, end: number) => boolean;

export interface RecordKeys {
  resource: Key;
  hostnames: readonly Key[];
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
    return this.block.view.getUint32(this.start + SIZE, true) & ~DEAD;
  }

  get end(): number {
    return this.start + this.size;
  }

  get dead(): boolean {
    return (this.block.view.getUint32(this.start + SIZE, true) & DEAD) !== 0;
  }

  get position(): bigint {
    return this.block.view.getBigUint64(this.start + POSITION, true);
  }

  get resource(): string {
    return this.#string(this.resourceText);
  }

  get origin(): string {
    return this.#string(this.originText);
  }

  get hostnames(): Hostname[] {
    const hostnames: Hostname[] = [];
    this.eachHostname((text) => hostnames.push(this.#string(text)));
    return hostnames;
  }

  get websockets(): SettingsEntry['websockets'] {
    const { view } = this.block;
    return {
      enabled: view.getUint8(this.start + ENABLED) === 1,
      openConnections: this.openConnections,
      position: view.getBigUint64(this.start + POLICY_POSITION, true),
    };
  }

  get plain(): SettingsEntry {
    const { resource, position, hostnames, origin, websockets } = this;
    return { resource, position, hostnames, origin, websockets };
  }

  get resourceText(): Text {
    const start = this.start + TEXTS;
    return { bytes: this.block.bytes, start, end: start + this.#uint16(ID_LENGTH) };
  }

  get originText(): Text {
    return { bytes: this.block.bytes, start: this.#originStart, end: this.#originEnd };
  }

  eachHostname(visit: (hostname: Text) => void): void {
    this.everyHostname((bytes, start, end) => {
      visit({ bytes, start, end });
      return true;
    });
  }

  /** Whether the test says so of all hostnames; there may be none. */
  everyHostname(test: TextTest): boolean {
    const { bytes, view } = this.block;
    let start = this.#originEnd + 2;
    for (let count = this.hostnameCount; count > 0; count -= 1) {
      const end = start + view.getUint16(start - 2, true);
      if (!test(bytes, start, end)) return false;
      start = end + 2;
    }
    return true;
  }

  testResource(test: TextTest): boolean {
    return test(this.block.bytes, this.start + TEXTS, this.#originStart);
  }

  testOrigin(test: TextTest): boolean {
    return test(this.block.bytes, this.#originStart, this.#originEnd);
  }

  get hostnameCount(): number {
    return this.#uint16(HOSTNAMES);
  }

  /** What it is found by, hashed. */
  get keys(): RecordKeys {
    const hostnames: Key[] = [];
    this.eachHostname((text) => hostnames.push(keyIn(text)));
    return { resource: keyIn(this.resourceText), hostnames };
  }

  /** Whether these are its hostnames, in their order. */
  holds(hostnames: readonly Hostname[]): boolean {
    if (hostnames.length !== this.hostnameCount) return false;
    let index = 0;
    return this.everyHostname((bytes, start, end) => isText(bytes, start, end, hostnames[index++]!));
  }

  has(hostname: Text): boolean {
    let found = false;
    this.eachHostname((text) => (found ||= sameText(hostname, text)));
    return found;
  }

  kill(): void {
    this.block.view.setUint32(this.start + SIZE, this.size | DEAD, true);
  }

  /** Whether there is a record whose every part lies within it. */
  get whole(): boolean {
    const { block, start } = this;
    const { bytes, view } = block;
    const size = view.getUint32(start + SIZE, true);
    if (size % GRAIN !== 0 || size < TEXTS || start + size > bytes.length) return false;
    let end = this.#originEnd;
    for (let count = this.hostnameCount; count > 0; count -= 1) {
      if (end + 2 > start + size) return false;
      end += 2 + view.getUint16(end, true);
    }
    return end <= start + size && view.getUint8(start + MODE) < OPEN_CONNECTIONS_MODES.length;
  }

  get openConnections(): OpenConnections {
    const mode = OPEN_CONNECTIONS_MODES[this.block.view.getUint8(this.start + MODE)]!;
    return mode === 'drain' ? { mode, seconds: this.drainSeconds! } : { mode };
  }

  /** Over which open connections are drained, if they are. */
  get drainSeconds(): number | undefined {
    const { view } = this.block;
    return view.getUint8(this.start + MODE) === DRAIN
      ? view.getFloat64(this.start + SECONDS, true)
      : undefined;
  }

  get #originStart(): number {
    return this.start + TEXTS + this.block.view.getUint16(this.start + ID_LENGTH, true);
  }

  get #originEnd(): number {
    return this.#originStart + this.#uint16(ORIGIN_LENGTH);
  }

  #string({ start, end }: Text): string {
    return this.block.bytes.toString('utf8', start, end);
  }

  #uint16(field: number): number {
    return this.block.view.getUint16(this.start + field, true);
  }
}

const ASTERISK = 0x2a;

/** Whether the hostname that starts there is one. */
export function isWildcard(bytes: Uint8Array, start: number): boolean {
  return bytes[start] === ASTERISK;
}
