import type { EdgeJson, LagJson, StatusMessage } from '#contract';
import type { Checkpoint } from '../read-model/read-model.js';

/** A node that has not been heard for this long is stale. */
const LIVE_MS = 15_000;

export type EdgeState = EdgeJson['state'];

/** An edge node as it was last heard. */
export interface Edge {
  status: StatusMessage;
  /** ISO 8601, UTC: for people. */
  lastSeen: string;
  /** On this process's monotonic clock, in milliseconds. */
  heardAt: number;
}

export function stateOf({ status, heardAt }: Edge, now: number): EdgeState {
  if (status.leaving) return 'gone';
  return now - heardAt < LIVE_MS ? 'live' : 'stale';
}

/** What a node has applied of this log; below every position when it has applied another one, or nothing. */
export function appliedOf({ status }: Edge, epoch: string): bigint {
  return status.epoch === epoch ? status.position : -1n;
}

/** How a node's settings compare with the control plane's. */
function verdictOf({ epoch, position, digest }: StatusMessage, head: Checkpoint): EdgeJson['verdict'] {
  if (epoch === '') return 'behind';
  if (epoch !== head.epoch) return 'differs';
  if (position !== head.position) return position < head.position ? 'behind' : 'ahead';
  return digest === head.digest ? 'same' : 'differs';
}

export function renderEdge(edge: Edge, head: Checkpoint, lag: LagJson, now: number): EdgeJson {
  const { node, region, ring, epoch, position, digest, enforcer, version, openConnections, error } =
    edge.status;
  return {
    node,
    region,
    ring,
    state: stateOf(edge, now),
    epoch,
    position: position.toString(),
    digest,
    verdict: verdictOf(edge.status, head),
    lag,
    enforcer,
    version,
    openConnections,
    ...(error !== '' && { error }),
    lastSeen: edge.lastSeen,
  };
}

/** The text that the read model keeps of a node, with the state that it was in. */
export function serialize({ status, lastSeen }: Edge, state: EdgeState): string {
  return JSON.stringify({ status: { ...status, position: status.position.toString() }, lastSeen, state });
}

/**
 * The node as it was kept. One that was live when the program stopped counts as heard now: it is expected back, and
 * waited for as long as any other.
 */
export function deserialize(text: string, now: number): Edge {
  const { status, lastSeen, state } = JSON.parse(text) as {
    status: Omit<StatusMessage, 'position'> & { position: string };
    lastSeen: string;
    state: EdgeState;
  };
  return {
    status: { ...status, position: BigInt(status.position) },
    lastSeen,
    heardAt: state === 'live' ? now : Number.NEGATIVE_INFINITY,
  };
}
