import type { OpenConnections } from '#domain';
import type { Hostname } from '#hostname';

/** All that an edge needs to know of one live CDN resource. */
export interface SettingsEntry {
  resource: string;
  /** Of the last event that changed this entry. */
  position: bigint;
  /** The cname first. */
  hostnames: readonly Hostname[];
  origin: string;
  websockets: WebsocketsPolicy;
}

export interface WebsocketsPolicy extends ConnectionsPolicy {
  enabled: boolean;
}

/** The fate of open connections that are not allowed any more. */
export interface ConnectionsPolicy {
  openConnections: OpenConnections;
  /** Of the event that made the policy what it is. */
  position: bigint;
}

/** The resource is gone, with all its hostnames. */
export interface SettingsRemoval {
  resource: string;
  position: bigint;
  removed: true;
  /** The last one it had; undefined: not told. */
  websockets?: ConnectionsPolicy | undefined;
}

export type SettingsChange = SettingsEntry | SettingsRemoval;

export function isRemoval(change: SettingsChange): change is SettingsRemoval {
  return 'removed' in change;
}

/** What the deletion of a resource makes of its entry. */
export function removalOf({ resource, websockets }: SettingsEntry, position: bigint): SettingsRemoval {
  const { openConnections, position: policyPosition } = websockets;
  return { resource, position, removed: true, websockets: { openConnections, position: policyPosition } };
}
