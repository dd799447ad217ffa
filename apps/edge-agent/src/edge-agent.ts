import { join } from 'node:path';
import type { Logger } from 'pino';
import { connectFeed, FeedClient, type FeedConnection } from '#edge-feed';
import { ActivePolicy, BuiltinEnforcer, LastGood, type Enforcer } from '#enforcer';
import {
  activeTracer,
  createRegistry,
  InstanceRunning,
  listening,
  lockInstance,
  Readiness,
  VERSION,
  type ListenAddress,
} from '#platform';
import type { Snapshot } from '#settings';
import type { EdgeConfig } from './config.js';
import { startHealthApp } from './health-app.js';
import { homeOf } from './home.js';
import { countHandshakes, registerMetrics } from './metrics.js';
import { tracedHandler } from './observe.js';

const SAVE_RETRY_MS = 5_000;
const NO_POLICY = 'no policy: none on disk, and none has come from the control plane yet';
const NO_FEED = 'NATS is not connected: the policy may be out of date';

export interface EdgeAgent {
  /** Of the proxy. */
  address: ListenAddress;
  /** Of health and metrics. */
  healthAddress: ListenAddress;
  /** Says goodbye to the control plane, closes every connection and frees the data folder. */
  stop(): Promise<void>;
}

/**
 * Starts an edge agent: first the last good policy from disk, enforced; then the feed. The control plane may be away
 * for as long as it likes. Throws CannotListen, and InstanceRunning if another agent works on the same folder.
 */
export async function startEdgeAgent(config: EdgeConfig, nats: string[], logger: Logger): Promise<EdgeAgent> {
  await using parts = new AsyncDisposableStack();
  const folder = join(config.data, 'edge', config.node);
  const { home, free } = takeFolder(folder, logger);
  parts.defer(free);
  const { lastGood, policy: saved, findings } = await LastGood.open(folder);
  for (const finding of findings) logger.warn({ folder }, finding);

  const readiness = new Readiness();
  const registry = createRegistry('upgate-edge-agent', readiness);
  const enforcer = await startProxy(config, logger, countHandshakes(registry));
  parts.defer(() => enforcer.close());
  const policy = new ActivePolicy({ enforcer, lastGood, logger, saveRetryMs: SAVE_RETRY_MS });
  parts.defer(() => policy.close());
  await restore(policy, saved, logger);

  readiness.add('policy', () => (policy.at().epoch === '' ? NO_POLICY : undefined));
  const health = await startHealthApp(config.agentHttp, readiness, registry, logger);
  parts.defer(() => health.close());

  const connection = connectFeed({ servers: nats, name: config.node, logger });
  parts.defer(() => connection.close());
  const feed = joinFeed(config, home, connection, policy, enforcer, logger);
  parts.defer(() => feed.close());
  readiness.watch('feed', () => (connection.connected ? undefined : NO_FEED));
  readiness.watch('disk', () => policy.saveError);
  parts.defer(() => readiness.leave(config.stopDelayMs));
  registerMetrics(registry, { policy, enforcer, feed: () => feed.state, connection, node: config });

  const running = parts.move();
  return {
    address: enforcer.address(),
    healthAddress: health.address,
    stop: () => running.disposeAsync(),
  };
}

/** A node whose disk does not even take a lock still obeys; two agents on one folder would spoil each other's files. */
function takeFolder(folder: string, logger: Logger): { home: string; free: () => void } {
  try {
    const free = lockInstance(folder);
    return { home: homeOf(folder, logger), free };
  } catch (error) {
    if (error instanceof InstanceRunning) throw error;
    logger.error({ folder, reason: String(error) }, 'the data folder cannot be locked');
    return { home: '', free: () => undefined };
  }
}

function startProxy(
  { edge, connectMs, handshakeMs, httpIdleMs }: EdgeConfig,
  logger: Logger,
  onDecision: (result: string) => void,
): Promise<BuiltinEnforcer> {
  const timeouts = { connectMs, handshakeMs, httpIdleMs };
  return listening('UPGATE_EDGE', edge, () =>
    BuiltinEnforcer.listen({ ...edge, timeouts, logger, onDecision }),
  );
}

async function restore(policy: ActivePolicy, saved: Snapshot | undefined, logger: Logger): Promise<void> {
  if (!saved) {
    logger.info({}, 'no last good policy on disk: nothing is served before the feed brings one');
    return;
  }
  const outcome = await policy.restore(saved);
  if (outcome !== 'applied') logger.error({ outcome }, 'the last good policy cannot be enforced');
}

function joinFeed(
  { fleet, node, region, ring }: EdgeConfig,
  home: string,
  connection: FeedConnection,
  policy: ActivePolicy,
  enforcer: Enforcer,
  logger: Logger,
): FeedClient {
  return new FeedClient({
    connection,
    fleet,
    description: { node, region, ring, version: VERSION, enforcer: enforcer.name, home },
    handler: tracedHandler(policy, fleet, node),
    traced: activeTracer() !== undefined,
    vitals: () => ({
      openConnections: enforcer.connections(),
      ...(policy.saveError !== undefined && { error: policy.saveError }),
    }),
    logger,
  });
}
