import { isRemoval, type SettingsChange, type SettingsTable, type TableDiff } from '#settings';

export function reversed(diffs: readonly TableDiff[]): TableDiff[] {
  return diffs.map(({ before, change }) => ({
    before: isRemoval(change) ? undefined : change,
    change: before ?? removalOf(change),
  }));
}

/** Takes a table back to what it was before the change that gave these differences. */
export function undo(table: SettingsTable, diffs: readonly TableDiff[]): void {
  table.apply(reversed(diffs).map(({ change }) => change));
}

function removalOf({ resource }: SettingsChange): SettingsChange {
  return { resource, position: 0n, removed: true };
}
