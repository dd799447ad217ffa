import { parseHostname, type Hostname } from '#hostname';
import {
  DEFAULT_OPEN_CONNECTIONS,
  defaultWebsockets,
  type CdnResource,
  type CdnResourceEvent,
  type CdnResourceState,
  type Integration,
  type OpenConnections,
  type WebsocketsPolicy,
} from './cdn-resource.js';
import { parseOrigin } from './origin.js';
import { refuse, type FieldError, type Refused } from './refused.js';

/** As an operator writes it: hostnames and origin not parsed yet. */
export interface NewCdnResource {
  id: string;
  account: string;
  cname: string;
  secondaryHostnames: string[];
  origin: string;
  integration: Integration;
  websockets?: { enabled: boolean; openConnections?: OpenConnections };
}

export type CdnResourceCommand =
  | { type: 'CreateCdnResource'; resource: NewCdnResource }
  | {
      type: 'ChangeCdnResource';
      change: { cname?: string; secondaryHostnames?: string[]; origin?: string };
    }
  | { type: 'DeleteCdnResource' }
  | { type: 'SetWebsockets'; enabled: boolean; openConnections?: OpenConnections }
  | { type: 'ResetWebsockets' }
  /** Back to the policy that was in force at an earlier revision, `earlier`, which the caller has looked up. */
  | { type: 'RevertWebsockets'; revision: number; earlier: WebsocketsPolicy };

/** The events that a command leads to, none if it changes nothing, or why it is refused. */
export type Decision = CdnResourceEvent[] | Refused;

export function decide(command: CdnResourceCommand, state: CdnResourceState): Decision {
  if (command.type === 'CreateCdnResource') return create(command.resource, state);
  if (state.status === 'absent') return refuse('resource_unknown', 'there is no such CDN resource');
  if (state.status === 'deleted') return refuse('resource_deleted', 'the CDN resource has been deleted');
  const { resource } = state;
  switch (command.type) {
    case 'ChangeCdnResource':
      return change(command.change, resource);
    case 'DeleteCdnResource':
      return [{ type: 'CdnResourceDeleted', data: {} }];
    case 'SetWebsockets':
      return adopt(explicit(command.enabled, command.openConnections), resource);
    case 'ResetWebsockets':
      return adopt(defaultWebsockets(resource.integration), resource);
    case 'RevertWebsockets':
      return adopt(command.earlier, resource);
    default:
      return command satisfies never;
  }
}

function create(input: NewCdnResource, state: CdnResourceState): Decision {
  if (state.status === 'live') return refuse('resource_exists', 'a CDN resource with this id exists already');
  if (state.status === 'deleted') {
    return refuse(
      'resource_deleted',
      'a CDN resource with this id has been deleted, and its id is not given again',
    );
  }
  const hostnames = parseHostnames(input.cname, input.secondaryHostnames);
  if ('refused' in hostnames) return hostnames;
  const origin = parseOriginField(input.origin);
  if (typeof origin !== 'string') return origin;
  const { id, account, integration } = input;
  const websockets = defaultWebsockets(integration);
  const resource = { id, account, ...hostnames, origin, integration, websockets };
  const created: CdnResourceEvent = { type: 'CdnResourceCreated', data: resource };
  if (!input.websockets) return [created];
  const policy = explicit(input.websockets.enabled, input.websockets.openConnections);
  return [created, ...adopt(policy, resource)];
}

function change(
  { cname, secondaryHostnames, origin }: { cname?: string; secondaryHostnames?: string[]; origin?: string },
  resource: CdnResource,
): Decision {
  const hostnames = parseHostnames(
    cname ?? resource.cname,
    secondaryHostnames ?? resource.secondaryHostnames,
  );
  if ('refused' in hostnames) return hostnames;
  const parsedOrigin = parseOriginField(origin ?? resource.origin);
  if (typeof parsedOrigin !== 'string') return parsedOrigin;
  const events: CdnResourceEvent[] = [];
  if (!sameHostnames(hostnames, resource))
    events.push({ type: 'CdnResourceHostnamesChanged', data: hostnames });
  if (parsedOrigin !== resource.origin) {
    events.push({ type: 'CdnResourceOriginChanged', data: { origin: parsedOrigin } });
  }
  return events;
}

function adopt(policy: WebsocketsPolicy, resource: CdnResource): CdnResourceEvent[] {
  if (samePolicy(policy, resource.websockets)) return [];
  if (policy.source === 'default') return [{ type: 'WebsocketsResetToDefault', data: policy }];
  return [{ type: policy.enabled ? 'WebsocketsEnabled' : 'WebsocketsDisabled', data: policy }];
}

function explicit(
  enabled: boolean,
  openConnections: OpenConnections = DEFAULT_OPEN_CONNECTIONS,
): WebsocketsPolicy {
  return { enabled, source: 'explicit', openConnections };
}

function samePolicy(a: WebsocketsPolicy, b: WebsocketsPolicy): boolean {
  return a.enabled === b.enabled && a.source === b.source && sameFate(a.openConnections, b.openConnections);
}

function sameFate(a: OpenConnections, b: OpenConnections): boolean {
  return a.mode === b.mode && (a.mode !== 'drain' || b.mode !== 'drain' || a.seconds === b.seconds);
}

type Hostnames = Pick<CdnResource, 'cname' | 'secondaryHostnames'>;

function sameHostnames(a: Hostnames, b: Hostnames): boolean {
  return (
    a.cname === b.cname &&
    a.secondaryHostnames.length === b.secondaryHostnames.length &&
    a.secondaryHostnames.every((hostname, index) => hostname === b.secondaryHostnames[index])
  );
}

function parseHostnames(cname: string, secondaryHostnames: string[]): Hostnames | Refused {
  const fields = [cname, ...secondaryHostnames].map((value, index) => ({
    field: index === 0 ? 'cname' : `secondaryHostnames.${index - 1}`,
    value,
  }));
  const hostnames: Hostname[] = [];
  const errors: FieldError[] = [];
  for (const { field, value } of fields) {
    const parsed = parseHostname(value);
    if (parsed.ok) hostnames.push(parsed.hostname);
    else errors.push({ field, value, message: parsed.message });
  }
  if (errors.length > 0) return refuse('hostname_invalid', 'a hostname is not valid', errors);
  const repeated = hostnames.findIndex((hostname, index) => hostnames.indexOf(hostname) !== index);
  if (repeated !== -1) {
    const message = `names ${hostnames[repeated]} a second time`;
    return refuse('hostname_repeated', 'a hostname is given twice', [{ ...fields[repeated]!, message }]);
  }
  return { cname: hostnames[0]!, secondaryHostnames: hostnames.slice(1) };
}

function parseOriginField(value: string): string | Refused {
  const parsed = parseOrigin(value);
  if (parsed.ok) return parsed.origin;
  return refuse('origin_invalid', 'the origin is not valid', [
    { field: 'origin', value, message: parsed.message },
  ]);
}
