import type { EdgeJson, LagJson, StatusMessage } from '#contract';
import type { Checkpoint } from '../read-model/read-model.js';

/** One that has not been heard for this long is stale. */
const LIVE_MS = 15_000;

export type EdgeState = EdgeJson['state'];

/** One instance of an edge node as it was last heard. */
export interface Edge {
  status: StatusMessage;
  /** ISO 8601, UTC: for people. */
  lastSeen: string;
  /** In the time of the feed. */
  heardAt: number;
  /** Of the feed; 0: of a life of this program before. */
  session: number;
  /** It has other settings than the log has at its position. */
  drifted: boolean;
}

export function stateOf({ status, heardAt }: Edge, now: number): EdgeState {
  if (status.leaving) return 'gone';
  return now - heardAt < LIVE_MS ? 'live' : 'stale';
}

/** What a node has applied of this log; below every position when it has applied another one, or nothing. */
export function appliedOf({ status }: Edge, epoch: string): bigint {
  return status.epoch === epoch ? status.position : -1n;
}

/** Whether two reports differ in nothing but when they were heard. */
export function sameReport(one: StatusMessage, other: StatusMessage): boolean {
  return (Object.keys(other) as (keyof StatusMessage)[]).every((field) => one[field] === other[field]);
}

/** How a node's settings compare with the control plane's. */
export function verdictOf({ status, drifted }: Edge, head: Checkpoint): EdgeJson['verdict'] {
  const { epoch, position } = status;
  if (epoch === '') return 'behind';
  if (epoch !== head.epoch || drifted) return 'differs';
  if (position === head.position) return 'same';
  return position < head.position ? 'behind' : 'ahead';
}

export function renderEdge(
  edge: Edge,
  instances: number,
  head: Checkpoint,
  lag: LagJson,
  now: number,
): EdgeJson {
  const { node, region, ring, epoch, position, digest, enforcer, version, openConnections, error } =
    edge.status;
  return {
    node,
    instances,
    region,
    ring,
    state: stateOf(edge, now),
    epoch,
    position: position.toString(),
    digest,
    verdict: verdictOf(edge, head),
    lag,
    enforcer,
    version,
    openConnections,
    ...(error !== '' && { error }),
    lastSeen: edge.lastSeen,
  };
}
