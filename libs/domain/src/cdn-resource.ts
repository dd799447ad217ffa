import type { Hostname } from '#hostname';

/** `full`: created for the entire site. `partial`: created for static assets only. */
export const INTEGRATIONS = ['full', 'partial'] as const;
export type Integration = (typeof INTEGRATIONS)[number];

/** What becomes of WebSocket connections that are open when upgrades stop being allowed. */
export const OPEN_CONNECTIONS_MODES = ['keep', 'drain', 'close'] as const;
export type OpenConnections =
  | { mode: 'keep' }
  | { mode: 'close' }
  /** Closed evenly over this many seconds. */
  | { mode: 'drain'; seconds: number };

export interface WebsocketsPolicy {
  enabled: boolean;
  source: 'default' | 'explicit';
  openConnections: OpenConnections;
}

export interface CdnResource {
  id: string;
  account: string;
  cname: Hostname;
  secondaryHostnames: Hostname[];
  /** `http(s)://host:port`, nothing behind it. */
  origin: string;
  integration: Integration;
  websockets: WebsocketsPolicy;
}

export type CdnResourceEvent =
  | { type: 'CdnResourceCreated'; data: CdnResource }
  | { type: 'CdnResourceHostnamesChanged'; data: { cname: Hostname; secondaryHostnames: Hostname[] } }
  | { type: 'CdnResourceOriginChanged'; data: { origin: string } }
  | { type: 'CdnResourceDeleted'; data: Record<string, never> }
  | { type: 'WebsocketsEnabled'; data: WebsocketsPolicy }
  | { type: 'WebsocketsDisabled'; data: WebsocketsPolicy }
  | { type: 'WebsocketsResetToDefault'; data: WebsocketsPolicy }
  /** A command with an idempotency key changed nothing; kept so that a late retry cannot take effect either. */
  | { type: 'CommandHadNoEffect'; data: { command: string } }
  /** Another resource took a hostname that this one had claimed and never came to hold. */
  | { type: 'HostnameClaimRevoked'; data: { hostname: Hostname; by: string } };

export type CdnResourceState =
  | { status: 'absent' }
  | { status: 'live'; resource: CdnResource }
  | { status: 'deleted'; resource: CdnResource };

export const DEFAULT_OPEN_CONNECTIONS: OpenConnections = { mode: 'drain', seconds: 30 };

export const absent: CdnResourceState = { status: 'absent' };

/** On for the entire site, off for static assets only. */
export function defaultWebsockets(integration: Integration): WebsocketsPolicy {
  return { enabled: integration === 'full', source: 'default', openConnections: DEFAULT_OPEN_CONNECTIONS };
}

export function evolve(state: CdnResourceState, event: CdnResourceEvent): CdnResourceState {
  switch (event.type) {
    case 'CdnResourceCreated':
      return { status: 'live', resource: event.data };
    case 'CdnResourceHostnamesChanged':
    case 'CdnResourceOriginChanged':
      return changed(state, event.data);
    case 'WebsocketsEnabled':
    case 'WebsocketsDisabled':
    case 'WebsocketsResetToDefault':
      return changed(state, { websockets: event.data });
    case 'CdnResourceDeleted':
      return state.status === 'live' ? { status: 'deleted', resource: state.resource } : state;
    case 'CommandHadNoEffect':
    case 'HostnameClaimRevoked':
      return state;
    default:
      return event satisfies never;
  }
}

function changed(state: CdnResourceState, change: Partial<CdnResource>): CdnResourceState {
  return state.status === 'live' ? { status: 'live', resource: { ...state.resource, ...change } } : state;
}

/** An event together with where and when the log holds it. */
export interface Recorded {
  event: CdnResourceEvent;
  revision: number;
  position: bigint;
  /** ISO 8601, UTC. */
  time: string;
}

/** A resource and how its stream stands: the revision and position of its last event, and its dates. */
export interface ResourceRecord {
  state: CdnResourceState;
  revision: number;
  position: bigint;
  createdAt: string;
  updatedAt: string;
}

export const noRecord: ResourceRecord = {
  state: absent,
  revision: 0,
  position: 0n,
  createdAt: '',
  updatedAt: '',
};

export function evolveRecord(
  record: ResourceRecord,
  { event, revision, position, time }: Recorded,
): ResourceRecord {
  const state = evolve(record.state, event);
  return {
    state,
    revision,
    position,
    createdAt: event.type === 'CdnResourceCreated' ? time : record.createdAt,
    updatedAt: state === record.state ? record.updatedAt : time,
  };
}

const EVENT_TYPES: ReadonlySet<string> = new Set<CdnResourceEvent['type']>([
  'CdnResourceCreated',
  'CdnResourceHostnamesChanged',
  'CdnResourceOriginChanged',
  'CdnResourceDeleted',
  'WebsocketsEnabled',
  'WebsocketsDisabled',
  'WebsocketsResetToDefault',
  'CommandHadNoEffect',
  'HostnameClaimRevoked',
]);

/** The domain event of a recorded one. Throws on a type that this version does not know: a fold must skip nothing. */
export function asCdnResourceEvent(recorded: { type: string; data: unknown }): CdnResourceEvent {
  if (!EVENT_TYPES.has(recorded.type)) {
    throw new Error(`the log holds an event of the type ${recorded.type}, which this version does not know`);
  }
  return { type: recorded.type, data: recorded.data } as CdnResourceEvent;
}
