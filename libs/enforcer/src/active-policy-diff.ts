import type { SettingsChange, SettingsTable, TableDiff } from '#settings';

export function reversed(diffs: readonly TableDiff[]): TableDiff[] {
  return diffs.map(({ before, after }) => ({ before: after, after: before }));
}

/** Takes a table back to what it was before the change that gave these differences. */
export function undo(table: SettingsTable, diffs: readonly TableDiff[]): void {
  table.apply(reversed(diffs).flatMap(changesOf));
}

function changesOf({ before, after }: TableDiff): SettingsChange[] {
  if (after) return [after];
  return before ? [{ resource: before.resource, position: 0n, removed: true }] : [];
}
