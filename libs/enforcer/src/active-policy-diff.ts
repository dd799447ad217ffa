import type { SettingsChange, SettingsTable, TableDiff } from '#settings';

export function reversed(diffs: readonly TableDiff[]): TableDiff[] {
  return diffs.map(({ before, after }) => ({ before: after, after: before }));
}

/** Takes a table back to what it was before the change that gave these differences. */
export function undo(table: SettingsTable, diffs: readonly TableDiff[]): void {
  table.apply(reversed(diffs).map(asChange));
}

/** The one that a difference is of. */
export function resourceOf({ before, after }: TableDiff): string {
  return (after ?? before)!.resource;
}

function asChange(diff: TableDiff): SettingsChange {
  return diff.after ?? { resource: resourceOf(diff), position: 0n, removed: true };
}
