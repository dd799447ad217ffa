import {
  CHANGE_VERSION,
  WireOpenConnections,
  type ChangeMessage,
  type EntryChangeMessage,
  type RemovalMessage,
  type StatusMessage,
} from '#contract';
import { isRemoval, type ConnectionsPolicy, type SettingsChange } from '#settings';
import type { FeedTrace } from './trace.js';

/** What changed between two positions of a log, each resource at most once; judged and applied as a whole. */
export interface FeedChange {
  epoch: string;
  /** Of the change before this one. */
  previous: bigint;
  position: bigint;
  /** Of all entries after it: 32 hexadecimal digits. */
  digest: string;
  changes: SettingsChange[];
  /** Travels in the head of a change message; what a sync brings has none. */
  trace?: FeedTrace;
}

/** What a node reports of itself. */
export type NodeStatus = StatusMessage;

type OpenConnections = ConnectionsPolicy['openConnections'];

/** What an entry and a removal both say on the wire. */
type WirePolicy = RemovalMessage;

const ENTRY_OVERHEAD_BYTES = 64;
/** A tag, and a length that takes two bytes above 127. */
const HOSTNAME_OVERHEAD_BYTES = 3;

/** At least the bytes that a change takes in a message. */
export function sizeOfChange(change: SettingsChange): number {
  const base = ENTRY_OVERHEAD_BYTES + Buffer.byteLength(change.resource);
  if (isRemoval(change)) return base;
  const hostnames = change.hostnames.map((hostname) => HOSTNAME_OVERHEAD_BYTES + Buffer.byteLength(hostname));
  return hostnames.reduce((sum, bytes) => sum + bytes, base + Buffer.byteLength(change.origin));
}

export function toMessage({ epoch, previous, position, digest, changes }: FeedChange): ChangeMessage {
  return { version: CHANGE_VERSION, epoch, previous, position, digest, changes: changes.map(toEntryChange) };
}

/** The message has been parsed: every entry has a state, every mode is known. */
export function fromMessage({ epoch, previous, position, digest, changes }: ChangeMessage): FeedChange {
  return { epoch, previous, position, digest, changes: changes.map(fromEntryChange) };
}

function toEntryChange(change: SettingsChange): EntryChangeMessage {
  const { resource, position } = change;
  if (isRemoval(change))
    return { resource, position, state: { $case: 'removal', value: toPolicy(change.websockets) } };
  const { hostnames, origin, websockets } = change;
  const value = { hostnames: [...hostnames], origin, enabled: websockets.enabled, ...toPolicy(websockets) };
  return { resource, position, state: { $case: 'entry', value } };
}

function fromEntryChange({ resource, position, state }: EntryChangeMessage): SettingsChange {
  const policy = state && fromPolicy(state.value);
  if (state?.$case !== 'entry' || !policy) return { resource, position, removed: true, websockets: policy };
  const { hostnames, origin, enabled } = state.value;
  return { resource, position, hostnames, origin, websockets: { enabled, ...policy } };
}

/** Undefined: not told. */
function fromPolicy(policy: WirePolicy): ConnectionsPolicy | undefined {
  const { openConnections, drainSeconds, policyPosition } = policy;
  if (openConnections === WireOpenConnections.OPEN_CONNECTIONS_UNSPECIFIED) return undefined;
  return { openConnections: fromMode(openConnections, drainSeconds), position: policyPosition };
}

function toPolicy(policy: ConnectionsPolicy | undefined): WirePolicy {
  if (!policy)
    return {
      openConnections: WireOpenConnections.OPEN_CONNECTIONS_UNSPECIFIED,
      drainSeconds: 0,
      policyPosition: 0n,
    };
  return { ...toMode(policy.openConnections), policyPosition: policy.position };
}

function toMode(openConnections: OpenConnections): Omit<WirePolicy, 'policyPosition'> {
  switch (openConnections.mode) {
    case 'keep':
      return { openConnections: WireOpenConnections.OPEN_CONNECTIONS_KEEP, drainSeconds: 0 };
    case 'drain':
      return {
        openConnections: WireOpenConnections.OPEN_CONNECTIONS_DRAIN,
        drainSeconds: openConnections.seconds,
      };
    case 'close':
      return { openConnections: WireOpenConnections.OPEN_CONNECTIONS_CLOSE, drainSeconds: 0 };
    default:
      return openConnections satisfies never;
  }
}

function fromMode(mode: WireOpenConnections, seconds: number): OpenConnections {
  switch (mode) {
    case WireOpenConnections.OPEN_CONNECTIONS_KEEP:
      return { mode: 'keep' };
    case WireOpenConnections.OPEN_CONNECTIONS_CLOSE:
      return { mode: 'close' };
    default:
      return { mode: 'drain', seconds };
  }
}
