import { existsSync } from 'node:fs';
import type { EventStore } from './event-store.js';
import { KurrentDBEventStore } from './kurrentdb/kurrentdb-event-store.js';
import { logFile } from './sqlite/log-file.js';
import { SqliteEventStore, type SqliteEventStoreOptions } from './sqlite/sqlite-event-store.js';

const EMBEDDED = 'sqlite';
const ADDRESS = /^(kurrentdb|esdb)(\+discover)?:\/\/([^@\s]+@)?[\w.:[\]-]+(,[\w.:[\]-]+)*\/?(\?\S*)?$/;

/** Where a log is, in words. */
export const LOG_ADDRESSES =
  'must be sqlite, or an address such as kurrentdb://host:2113 (kurrentdb+discover://, esdb://, esdb+discover://)';

/** Whether the text says where a log is. */
export function isLogAddress(text: string): boolean {
  return text === EMBEDDED || ADDRESS.test(text);
}

export interface LogOptions extends Pick<SqliteEventStoreOptions, 'logger' | 'onCommit'> {
  /** `sqlite`, or the address of a KurrentDB, which may hold a password: never to be shown. */
  store: string;
  /** The folder that the embedded log is in. */
  data: string;
}

/** Opens the log, or makes a new one. Throws StoreCorrupt or StoreUnavailable. */
export function openEventStore({ store, data, logger, onCommit }: LogOptions): Promise<EventStore> {
  if (store !== EMBEDDED) return KurrentDBEventStore.open({ address: store });
  return SqliteEventStore.open({
    file: logFile(data),
    ...(logger && { logger }),
    ...(onCommit && { onCommit }),
  });
}

/** Throws an error that is fit for people where opening the log would make a new one in a file. */
export function requireLog({ store, data }: Pick<LogOptions, 'store' | 'data'>): void {
  const file = logFile(data);
  if (store === EMBEDDED && !existsSync(file)) throw new Error(`There is no event log at ${file}.`);
}
