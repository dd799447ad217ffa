import { Counter, Gauge, type Registry } from 'prom-client';
import type { FeedConnection, FeedState, NodeDescription } from '#edge-feed';
import type { ActivePolicy, Enforcer } from '#enforcer';
import { registerFeedTraffic } from '#platform';

/** What the metrics are read from whenever they are asked for. */
interface Measured {
  policy: ActivePolicy;
  enforcer: Enforcer;
  feed: () => FeedState;
  connection: FeedConnection;
  node: Pick<NodeDescription, 'node' | 'region' | 'ring'>;
}

/** Counts how handshakes were answered, from before there is anything else to measure. */
export function countHandshakes(registry: Registry): (result: string) => void {
  const counter = new Counter({
    name: 'upgate_edge_handshakes_total',
    help: 'WebSocket handshakes by how they were answered: upgraded, by the origin otherwise, or refused with a code',
    labelNames: ['result'],
    registers: [registry],
  });
  return (result) => counter.inc({ result });
}

export function registerMetrics(registry: Registry, measured: Measured): void {
  registerGauges(registry, measured);
  registerTotals(registry, measured);
  registry.registerMetric(syncs(measured));
  registry.registerMetric(policyInfo(measured));
  registry.registerMetric(nodeInfo(measured));
  registerFeedTraffic(registry, 'upgate_edge', () => measured.connection.traffic);
}

function registerGauges(registry: Registry, { policy, enforcer, feed }: Measured): void {
  const gauge = (name: string, help: string, read: () => number) =>
    registry.registerMetric(
      new Gauge({
        name: `upgate_edge_${name}`,
        help,
        registers: [],
        collect() {
          this.set(read());
        },
      }),
    );

  gauge('position', 'Position of the policy that is enforced', () => Number(policy.at().position));
  gauge('head_position', 'Head of the log, as last heard', () => Number(feed().head?.position ?? 0n));
  gauge('head_lag_positions', 'Positions by which the policy is behind the head', () => lag(policy, feed()));
  gauge('feed_connected', 'Whether NATS is connected', () => Number(feed().connected));
  gauge('stale', 'Whether no head has been heard for 5 s', () => Number(feed().stale));
  gauge('ahead', 'Whether the head of the log is below the policy', () => Number(feed().ahead));
  gauge('refusing', 'Whether it refuses what comes next, and keeps the last good policy', () =>
    Number(feed().refused !== undefined),
  );
  gauge('resources', 'Resources in the policy', () => policy.size);
  gauge('open_connections', 'Open WebSocket connections', () => enforcer.connections());
  gauge('unsaved', 'Whether the policy enforced is not on disk', () =>
    Number(policy.saveError !== undefined),
  );
}

function registerTotals(registry: Registry, { policy, feed }: Measured): void {
  const total = (name: string, help: string, read: () => number) =>
    registry.registerMetric(
      new Counter({
        name: `upgate_edge_${name}_total`,
        help,
        registers: [],
        collect() {
          this.reset();
          this.inc(read());
        },
      }),
    );

  total('applied', 'Changes and snapshots applied', () => feed().counts.applied);
  total('refused', 'Changes and snapshots refused', () => feed().counts.refused);
  total('drifted', 'Times the digest was not that of the log', () => feed().counts.drifted);
  total('malformed', 'Messages of the feed that could not be read', () => feed().counts.malformed);
  total('save_failures', 'Times the last good policy could not be saved', () => policy.saveFailures);
}

function syncs({ feed }: Measured): Counter {
  return new Counter({
    name: 'upgate_edge_syncs_total',
    help: 'Syncs by what came of them',
    labelNames: ['result'],
    registers: [],
    collect() {
      this.reset();
      for (const [result, count] of Object.entries(feed().counts.syncs)) this.inc({ result }, count);
    },
  });
}

function nodeInfo({ node: { node, region, ring }, enforcer }: Measured): Gauge {
  const info = new Gauge({
    name: 'upgate_edge_node_info',
    help: 'The node as the control plane knows it: always 1',
    labelNames: ['node', 'region', 'ring', 'enforcer'],
    registers: [],
  });
  info.set({ node, region, ring, enforcer: enforcer.name }, 1);
  return info;
}

function policyInfo({ policy }: Measured): Gauge {
  return new Gauge({
    name: 'upgate_edge_policy_info',
    help: 'The log and the digest of the policy that is enforced',
    labelNames: ['epoch', 'digest'],
    registers: [],
    collect() {
      const { epoch, digest } = policy.at();
      this.reset();
      this.set({ epoch, digest }, 1);
    },
  });
}

function lag(policy: ActivePolicy, { head }: FeedState): number {
  const { epoch, position } = policy.at();
  if (head === undefined || head.epoch !== epoch || head.position < position) return 0;
  return Number(head.position - position);
}
