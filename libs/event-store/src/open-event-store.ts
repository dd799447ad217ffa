import { existsSync } from 'node:fs';
import type { EventStore } from './event-store.js';
import type { KurrentDBEventStore } from './kurrentdb/kurrentdb-event-store.js';
import { logFile } from './sqlite/log-file.js';
import { renewEpochOf } from './sqlite/renew-epoch.js';
import { SqliteEventStore, type SqliteEventStoreOptions } from './sqlite/sqlite-event-store.js';
import type { ImportTarget } from './transfer/import-log.js';
import { sqliteTarget } from './sqlite/import-target.js';

const EMBEDDED = 'sqlite';
const ADDRESS = /^(kurrentdb|esdb)(\+discover)?:\/\/([^@\s]+@)?[\w.:[\]-]+(,[\w.:[\]-]+)*\/?(\?\S*)?$/;

/** What `store` may be, for people. */
export const LOG_ADDRESSES =
  'must be sqlite, or an address such as kurrentdb://host:2113 (kurrentdb+discover://, esdb://, esdb+discover://)';

/** Whether the text says where a log is. */
export function isLogAddress(text: string): boolean {
  return text === EMBEDDED || ADDRESS.test(text);
}

export interface LogPlace {
  /** `sqlite`, or the address of a KurrentDB, which may hold a password: never to be shown. */
  store: string;
  /** The folder that the embedded log is in. */
  data: string;
}

type LogOptions = Pick<SqliteEventStoreOptions, 'logger' | 'onCommit'>;

/** Opens the log, or makes a new one. Throws StoreCorrupt or StoreUnavailable. */
export async function openEventStore(
  { store, data }: LogPlace,
  options: LogOptions = {},
): Promise<EventStore> {
  if (store === EMBEDDED) return SqliteEventStore.open({ file: logFile(data), ...options });
  return (await kurrentDB()).open({ address: store });
}

/** Throws an error that is fit for people where opening the log would make a new one in a file. */
export function requireLog({ store, data }: LogPlace): void {
  const file = logFile(data);
  if (store === EMBEDDED && !existsSync(file)) throw new Error(`There is no event log at ${file}.`);
}

/**
 * Gives the log another epoch, as a log that was put back from a copy must have: whoever has seen what it has lost then
 * takes it for another log. No program may have it open. Throws StoreCorrupt or StoreUnavailable.
 */
export async function renewEpoch(place: LogPlace): Promise<string> {
  requireLog(place);
  if (place.store === EMBEDDED) return renewEpochOf(logFile(place.data));
  const store = await (await kurrentDB()).open({ address: place.store });
  try {
    return await store.renewEpoch();
  } finally {
    await store.close();
  }
}

/** A place for an import: nothing can be opened there before the import is complete. Throws if there is a log. */
export async function openImportTarget({ store, data }: LogPlace): Promise<ImportTarget> {
  if (store === EMBEDDED) return sqliteTarget(logFile(data));
  return (await kurrentDB()).importTarget(store);
}

/** Loaded where it is used alone: its client takes a tenth of the time in which a program starts. */
async function kurrentDB(): Promise<typeof KurrentDBEventStore> {
  return (await import('./kurrentdb/kurrentdb-event-store.js')).KurrentDBEventStore;
}
