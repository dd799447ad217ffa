import {
  WireConvergenceStatus,
  WireIntegration,
  WireOpenConnectionsMode,
  WirePolicySource,
  type ConvergenceJson,
  type ResourceJson,
  type WebsocketsJson,
  type WireConvergence,
  type WireResource,
  type WireWebsockets,
} from '#contract';

const INTEGRATION = {
  full: WireIntegration.INTEGRATION_FULL,
  partial: WireIntegration.INTEGRATION_PARTIAL,
};

const SOURCE = {
  default: WirePolicySource.POLICY_SOURCE_DEFAULT,
  explicit: WirePolicySource.POLICY_SOURCE_EXPLICIT,
};

const MODE = {
  keep: WireOpenConnectionsMode.OPEN_CONNECTIONS_MODE_KEEP,
  drain: WireOpenConnectionsMode.OPEN_CONNECTIONS_MODE_DRAIN,
  close: WireOpenConnectionsMode.OPEN_CONNECTIONS_MODE_CLOSE,
};

const CONVERGENCE_STATUS = {
  applied: WireConvergenceStatus.CONVERGENCE_STATUS_APPLIED,
  pending: WireConvergenceStatus.CONVERGENCE_STATUS_PENDING,
};

/** The JSON of a resource as gRPC sends it. */
export function toWireResource({ integration, websockets, revision, ...rest }: ResourceJson): WireResource {
  return {
    ...rest,
    integration: INTEGRATION[integration],
    websockets: toWireWebsockets(websockets),
    revision: String(revision),
  };
}

export function toWireWebsockets({ enabled, source, openConnections }: WebsocketsJson): WireWebsockets {
  const { mode, seconds } = openConnections;
  return { enabled, source: SOURCE[source], openConnections: { mode: MODE[mode], seconds } };
}

export function toWireConvergence({ status, ...rest }: ConvergenceJson): WireConvergence {
  return { ...rest, status: CONVERGENCE_STATUS[status] };
}

/**
 * A gRPC request as its JSON counterpart has it: without the loader's marks of which optional fields are set, and with
 * empty texts left out.
 */
export function fromWire(request: object): Record<string, unknown> {
  const fields = Object.entries(request).filter(([name, value]) => !name.startsWith('_') && value !== '');
  return Object.fromEntries(fields);
}
