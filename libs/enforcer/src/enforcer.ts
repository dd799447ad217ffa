import type { SettingsTable, TableDiff } from '#settings';

/** Makes a proxy obey the settings, which come to it already validated. */
export interface Enforcer {
  readonly name: string;
  /**
   * Resolves when every new handshake is answered by the new settings; open connections meet their stated fate from
   * then on. `table` is the whole table after the change.
   */
  apply(diffs: readonly TableDiff[], table: SettingsTable): Promise<void>;
  /** The same, when one table takes the place of another, however much they differ. */
  replace(before: SettingsTable, table: SettingsTable): Promise<void>;
  /** Open WebSocket connections now. */
  connections(): number;
  close(): Promise<void>;
}
