import { decodeSnapshot, type SettingsTable, type Snapshot } from '#settings';
import type { AcceptedChange } from './last-good-journal.js';
import { faultOf, faultOfTable } from './limits.js';

/** Where a node stands: enforced and, unless that failed, saved. */
export interface PolicyPosition {
  /** Empty before the first policy. */
  epoch: string;
  position: bigint;
  digest: string;
}

export interface Refusal {
  refused: string;
}

/** What is new to a node in a change that it may take, from where it stands; undefined if nothing is. */
export function judgeChange(
  at: PolicyPosition,
  table: SettingsTable,
  change: AcceptedChange,
): AcceptedChange | Refusal | undefined {
  if (at.epoch !== '' && change.epoch !== at.epoch)
    return { refused: `the change is of log ${change.epoch}, this node follows ${at.epoch}` };
  if (change.previous > at.position)
    return { refused: `the change follows position ${change.previous}, this node is at ${at.position}` };
  if (change.position <= at.position) return undefined;
  const changes = change.changes.filter(({ position }) => position > at.position);
  const fault = faultOf(table, changes);
  return fault === undefined ? { ...change, previous: at.position, changes } : { refused: fault };
}

/** The snapshot, when a node may take it from where it stands. */
export async function judgeSnapshot(at: PolicyPosition, bytes: Buffer): Promise<Snapshot | Refusal> {
  try {
    const snapshot = await decodeSnapshot(bytes);
    if (snapshot.epoch === at.epoch && snapshot.position < at.position)
      return { refused: `the snapshot is of position ${snapshot.position}, this node is at ${at.position}` };
    const fault = await faultOfTable(snapshot.table);
    return fault === undefined ? snapshot : { refused: `the snapshot is not valid: ${fault}` };
  } catch (error) {
    return {
      refused: `the snapshot cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    };
  }
}
