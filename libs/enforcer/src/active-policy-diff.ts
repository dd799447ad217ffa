import type { SettingsChange, SettingsTable, TableDiff } from '#settings';

export function reversed(diffs: readonly TableDiff[]): TableDiff[] {
  return diffs.map(({ resource, before, after }) => ({ resource, before: after, after: before }));
}

/** Takes a table back to what it was before the change that gave these differences. */
export function undo(table: SettingsTable, diffs: readonly TableDiff[]): void {
  table.apply(reversed(diffs).map(asChange));
}

function asChange({ resource, after }: TableDiff): SettingsChange {
  return after ?? { resource, position: 0n, removed: true };
}
