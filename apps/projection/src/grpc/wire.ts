import type { Metadata } from '@grpc/grpc-js';
import {
  WireEdgeState,
  WireIntegration,
  WireVerdict,
  type EdgeJson,
  type HistoryItemJson,
  type WireEdge,
  type WireGetWebsocketsResponse,
  type WireHistoryItem,
  type WireWatchSettingsResponse,
} from '#contract';
import type { Integration } from '#domain';
import { fromWire, toWireResource, toWireWebsockets } from '#platform';
import type { WebsocketsAt } from '../queries/resource-queries.js';
import type { WatchedChange } from '../queries/settings-watch.js';

const INTEGRATION: Readonly<Record<string, Integration | undefined>> = {
  [WireIntegration.INTEGRATION_UNSPECIFIED]: undefined,
  [WireIntegration.INTEGRATION_FULL]: 'full',
  [WireIntegration.INTEGRATION_PARTIAL]: 'partial',
};

const STATE = {
  live: WireEdgeState.EDGE_STATE_LIVE,
  stale: WireEdgeState.EDGE_STATE_STALE,
  gone: WireEdgeState.EDGE_STATE_GONE,
};

const VERDICT = {
  same: WireVerdict.VERDICT_SAME,
  behind: WireVerdict.VERDICT_BEHIND,
  differs: WireVerdict.VERDICT_DIFFERS,
  ahead: WireVerdict.VERDICT_AHEAD,
};

/** The parameters of a query: the fields of the request, with `after` and `timeout` from the metadata. */
export function parametersOf(metadata: Metadata | undefined, request: object = {}): Record<string, unknown> {
  const [after] = metadata?.get('after') ?? [];
  const [timeout] = metadata?.get('timeout') ?? [];
  return {
    ...fromWire(request),
    ...(after !== undefined && { after }),
    ...(timeout !== undefined && { timeout }),
  };
}

/** What the name of an integration is in JSON; a name that is none stays as it is, to be refused. */
export function integrationOf(wire: string): unknown {
  return wire in INTEGRATION ? INTEGRATION[wire] : wire;
}

export function toWireEdge({ state, verdict, lag, ...rest }: EdgeJson): WireEdge {
  return {
    ...rest,
    state: STATE[state],
    verdict: VERDICT[verdict],
    lag: { ...lag, changes: String(lag.changes) },
  };
}

export function toWireHistoryItem({
  revision,
  reason,
  before,
  after,
  ...rest
}: HistoryItemJson): WireHistoryItem {
  return {
    ...rest,
    revision: String(revision),
    reason: reason ?? undefined,
    before: before ? toWireResource(before) : undefined,
    after: after ? toWireResource(after) : undefined,
  };
}

export function toWireWebsocketsAt({
  revision,
  position,
  ...websockets
}: WebsocketsAt): WireGetWebsocketsResponse {
  return { websockets: toWireWebsockets(websockets), revision: String(revision), position };
}

export function toWireWatched({
  position,
  digest,
  changed,
  removed,
}: WatchedChange): WireWatchSettingsResponse {
  return {
    position: position.toString(),
    digest: digest ?? '',
    changed: changed.map(toWireResource),
    removed,
  };
}
