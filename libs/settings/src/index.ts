export {
  isRemoval,
  removalOf,
  type ConnectionsPolicy,
  type SettingsChange,
  type SettingsEntry,
  type SettingsRemoval,
  type WebsocketsPolicy,
} from './settings-entry.js';
export { foldSettings } from './fold-settings.js';
export { EMPTY_DIGEST } from './digest.js';
export { decodeEntries, decodeEntry, encodeEntry } from './entry-codec.js';
export type { StoredEntry } from './stored-entry.js';
export { SettingsTable, type TableDiff } from './settings-table.js';
export { decodeSnapshot, encodeSnapshot, SnapshotInvalid, type Snapshot } from './snapshot-codec.js';
