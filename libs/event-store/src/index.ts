export {
  CommandHandler,
  type CommandRequest,
  type DecidedEvent,
  type Decider,
  type Outcome,
} from './command-handler.js';
export {
  StoreCorrupt,
  StoreUnavailable,
  WrongRevision,
  type Appended,
  type EventMetadata,
  type EventStore,
  type ExpectedRevision,
  type NewEvent,
  type Position,
  type RecordedEvent,
  type SubscriptionItem,
} from './event-store.js';
export { KeyedLock } from './keyed-lock.js';
export { makeFolder } from './make-folder.js';
export { logFile } from './sqlite/log-file.js';
export {
  isLogAddress,
  LOG_ADDRESSES,
  openEventStore,
  openImportTarget,
  renewEpoch,
  requireLog,
  type LogPlace,
} from './open-event-store.js';
export { exportLog } from './transfer/export-log.js';
export { importLog, verifyCopy } from './transfer/import-log.js';
export { MemoryEventStore } from './memory/memory-event-store.js';
export type { Commit } from './sqlite/protocol.js';
export { SqliteEventStore, type SqliteEventStoreOptions } from './sqlite/sqlite-event-store.js';
