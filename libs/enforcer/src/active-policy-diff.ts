import { canonicalEntry, type SettingsChange, type SettingsTable, type TableDiff } from '#settings';

/** What really differs between two tables. */
export function differences(before: SettingsTable, after: SettingsTable): TableDiff[] {
  const diffs: TableDiff[] = [];
  for (const entry of after.entries()) {
    const old = before.get(entry.resource);
    if (old === undefined || canonicalEntry(old) !== canonicalEntry(entry))
      diffs.push({ resource: entry.resource, before: old, after: entry });
  }
  for (const entry of before.entries()) {
    if (!after.get(entry.resource)) diffs.push({ resource: entry.resource, before: entry, after: undefined });
  }
  return diffs;
}

export function reversed(diffs: readonly TableDiff[]): TableDiff[] {
  return diffs.map(({ resource, before, after }) => ({ resource, before: after, after: before }));
}

/** The changes that lead from one side of the differences to the other. */
export function asChanges(diffs: readonly TableDiff[]): SettingsChange[] {
  return diffs.map(({ resource, after }) => after ?? { resource, position: 0n, removed: true });
}

/** Takes a table back to what it was before the change that gave these differences. */
export function undo(table: SettingsTable, diffs: readonly TableDiff[]): void {
  table.apply(asChanges(reversed(diffs)));
}
