import {
  CHANGE_VERSION,
  WireOpenConnections,
  type ChangeMessage,
  type EntryChangeMessage,
  type StatusMessage,
} from '#contract';
import { isRemoval, type SettingsChange, type SettingsEntry } from '#settings';
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

type OpenConnections = SettingsEntry['websockets']['openConnections'];

const ENTRY_OVERHEAD_BYTES = 64;
const HOSTNAME_OVERHEAD_BYTES = 2;

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
  if (isRemoval(change)) return { resource, position, state: { $case: 'removal', value: {} } };
  const { enabled, openConnections, position: policyPosition } = change.websockets;
  const value = {
    hostnames: [...change.hostnames],
    origin: change.origin,
    enabled,
    policyPosition,
    ...toMode(openConnections),
  };
  return { resource, position, state: { $case: 'entry', value } };
}

function fromEntryChange({ resource, position, state }: EntryChangeMessage): SettingsChange {
  if (state?.$case !== 'entry') return { resource, position, removed: true };
  const { hostnames, origin, enabled, openConnections, drainSeconds, policyPosition } = state.value;
  const websockets = {
    enabled,
    openConnections: fromMode(openConnections, drainSeconds),
    position: policyPosition,
  };
  return { resource, position, hostnames, origin, websockets };
}

function toMode(openConnections: OpenConnections): {
  openConnections: WireOpenConnections;
  drainSeconds: number;
} {
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
