import type { Hostname } from '#hostname';
import { decodeEntry, SettingsTable, type SettingsEntry } from '#settings';
import { resourceOf } from './customers.js';

/** The settings of so many resources, as their creation, one after the other, leaves them. */
export function* settingsOf(resources: number): Generator<SettingsEntry> {
  for (let index = 0; index < resources; index += 1) {
    const { id, cname, origin, websockets } = resourceOf(index);
    const position = BigInt(index + 1);
    const { enabled, openConnections } = websockets;
    const policy = { enabled, openConnections, position };
    yield { resource: id, position, hostnames: [cname], origin, websockets: policy };
  }
}

export function tableOf(resources: number): SettingsTable {
  const table = new SettingsTable();
  for (const entry of settingsOf(resources)) table.apply([entry]);
  return table;
}

/** A policy as plain objects in a plain `Map`, by hostname. */
export class PlainPolicy {
  readonly #entries = new Map<Hostname, SettingsEntry>();

  get hostnames(): number {
    return this.#entries.size;
  }

  /** The record of an entry. */
  take(record: Buffer): void {
    const entry = decodeEntry(record);
    for (const hostname of entry.hostnames) this.#entries.set(hostname, entry);
  }
}
