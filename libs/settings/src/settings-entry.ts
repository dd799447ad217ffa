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
  websockets: {
    enabled: boolean;
    openConnections: OpenConnections;
    /** Of the event that made the policy what it is. */
    position: bigint;
  };
}

/** The resource is gone, with all its hostnames. */
export interface SettingsRemoval {
  resource: string;
  position: bigint;
  removed: true;
}

export type SettingsChange = SettingsEntry | SettingsRemoval;

export function isRemoval(change: SettingsChange): change is SettingsRemoval {
  return 'removed' in change;
}
