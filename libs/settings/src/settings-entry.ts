import { OPEN_CONNECTIONS_MODES, type OpenConnections } from '#domain';
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

type Canonical = [string, string, readonly Hostname[], string, 0 | 1, number, number, string];

/** The one text of an entry, on one line: what is hashed, and what snapshots hold. Equal entries give equal texts. */
export function canonicalEntry({ resource, position, hostnames, origin, websockets }: SettingsEntry): string {
  const { enabled, openConnections, position: policyPosition } = websockets;
  const mode = OPEN_CONNECTIONS_MODES.indexOf(openConnections.mode);
  const seconds = openConnections.mode === 'drain' ? openConnections.seconds : 0;
  const fields: Canonical = [
    resource,
    position.toString(),
    hostnames,
    origin,
    enabled ? 1 : 0,
    mode,
    seconds,
    policyPosition.toString(),
  ];
  return JSON.stringify(fields);
}

/** Reads back what `canonicalEntry` wrote. Throws on anything else. */
export function parseCanonicalEntry(text: string): SettingsEntry {
  const [resource, position, hostnames, origin, enabled, mode, seconds, policyPosition] = JSON.parse(
    text,
  ) as Canonical;
  return {
    resource,
    position: BigInt(position),
    hostnames,
    origin,
    websockets: {
      enabled: enabled === 1,
      openConnections: openConnectionsOf(mode, seconds),
      position: BigInt(policyPosition),
    },
  };
}

function openConnectionsOf(index: number, seconds: number): OpenConnections {
  const mode = OPEN_CONNECTIONS_MODES[index];
  if (mode === undefined) throw new Error(`unknown mode ${index} for open connections`);
  return mode === 'drain' ? { mode, seconds } : { mode };
}
