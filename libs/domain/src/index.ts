export {
  absent,
  asCdnResourceEvent,
  DEFAULT_OPEN_CONNECTIONS,
  defaultWebsockets,
  evolve,
  evolveRecord,
  noRecord,
  INTEGRATIONS,
  OPEN_CONNECTIONS_MODES,
  type CdnResource,
  type CdnResourceEvent,
  type CdnResourceState,
  type Integration,
  type OpenConnections,
  type Recorded,
  type ResourceRecord,
  type WebsocketsPolicy,
} from './cdn-resource.js';
export {
  decide,
  type CdnResourceCommand,
  type Decision,
  type NewCdnResource,
} from './cdn-resource.decider.js';
export { evolveClaim, unclaimed, type HostnameClaim, type HostnameClaimEvent } from './hostname-claim.js';
export { refuse, type FieldError, type RefusalCode, type Refused } from './refused.js';
export { parseOrigin, type ParsedOrigin } from './origin.js';
