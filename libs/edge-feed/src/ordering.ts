import type { FeedChange } from './messages.js';

/** Where a node or a log stands. */
export interface At {
  /** Empty: nothing is applied yet. */
  epoch: string;
  position: bigint;
  digest: string;
}

/** What a change means to a node that stands at a place. */
export type ChangeVerdict = 'applies' | 'old' | 'gap' | 'foreign';

export function judgeChange(
  at: At,
  change: Pick<FeedChange, 'epoch' | 'previous' | 'position'>,
): ChangeVerdict {
  if (change.epoch !== at.epoch) return 'foreign';
  if (change.position <= at.position) return 'old';
  return change.previous <= at.position ? 'applies' : 'gap';
}

/** What the log's head means to a node that stands at a place. */
export type HeadVerdict = 'current' | 'behind' | 'drifted' | 'ahead' | 'foreign';

export function judgeHead(at: At, head: At): HeadVerdict {
  if (head.epoch !== at.epoch) return 'foreign';
  if (head.position > at.position) return 'behind';
  if (head.position < at.position) return 'ahead';
  return head.digest === at.digest ? 'current' : 'drifted';
}

/** What is left of a change for a node that has its first part already: replicas may coalesce differently. */
export function remainder(change: FeedChange, position: bigint): FeedChange {
  return {
    ...change,
    previous: position,
    changes: change.changes.filter((entry) => entry.position > position),
  };
}
