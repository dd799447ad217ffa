import { join } from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Logger } from 'pino';
import { connectFeed, parseServers } from '#edge-feed';
import { openEventStore } from '#event-store';
import {
  addressOf,
  createRegistry,
  lockInstance,
  LogMetrics,
  probeLog,
  Readiness,
  startApiApp,
  startNatsServer,
  startTracing,
  tracedStore,
  type ListenAddress,
} from '#platform';
import { COMMAND_SERVICES, CommandModule } from '../../command/src/index.js';
import { startEdgeAgent } from '../../edge-agent/src/index.js';
import {
  observe,
  PROJECTION_SERVICES,
  ProjectionModule,
  readModelFolder,
  ReadSide,
} from '../../projection/src/index.js';
import type { StandaloneConfig } from './config.js';

/** As metrics and traces call it. */
const SERVICE = 'upgate-standalone';

export interface Standalone {
  http: ListenAddress;
  edge: ListenAddress;
  agentHttp: ListenAddress;
  nats: string[];
  stop(): Promise<void>;
}

/**
 * Starts the whole system in this process, with a nats-server child unless servers are named. Each part talks to the
 * others as it would from another machine. What has started is stopped again if a later part cannot start.
 */
export async function startStandalone(config: StandaloneConfig, logger: Logger): Promise<Standalone> {
  await using parts = new AsyncDisposableStack();
  parts.defer(lockInstance(config.data));
  parts.defer(await startTracing(SERVICE, logger));
  const nats = config.nats ?? [await startOwnNats(config, logger, parts)];
  const app = await startControlPlane(config, nats, logger, parts);
  const agent = await startEdgeAgent(config, nats, logger.child({ part: 'edge' }));
  parts.defer(() => agent.stop());
  const running = parts.move();
  return {
    http: addressOf(app),
    edge: agent.address,
    agentHttp: agent.healthAddress,
    nats: parseServers(nats).urls,
    stop: () => running.disposeAsync(),
  };
}

async function startOwnNats(
  { data, fleet, natsPort }: StandaloneConfig,
  logger: Logger,
  parts: AsyncDisposableStack,
): Promise<string> {
  const server = await startNatsServer({ port: natsPort, dataDir: join(data, 'nats'), fleet, logger });
  parts.defer(() => server.stop());
  return server.url;
}

async function startControlPlane(
  config: StandaloneConfig,
  nats: string[],
  logger: Logger,
  parts: AsyncDisposableStack,
): Promise<NestFastifyApplication> {
  const { data, store: address, fleet, maxLagMs, http, grpc } = config;
  const readiness = new Readiness();
  const registry = createRegistry(SERVICE, readiness);
  const log = new LogMetrics(registry);
  const store = await openEventStore({ store: address, data }, { logger, onCommit: log.committed });
  parts.defer(() => store.close());
  const connection = connectFeed({ servers: nats, name: 'control-plane', logger });
  parts.defer(() => connection.close());
  const readSide = await ReadSide.open({
    store,
    folder: readModelFolder(config),
    connection,
    fleet,
    maxLagMs,
    logger,
  });
  observe(readSide, store, registry, readiness);
  parts.defer(probeLog(store, readiness));
  const app = await startApiApp({
    imports: [
      CommandModule.register({
        store: tracedStore(log.measured(store)),
        convergence: readSide.convergence,
        logger,
        registry,
        readiness,
      }),
      ProjectionModule.register(readSide),
    ],
    services: [...COMMAND_SERVICES, ...PROJECTION_SERVICES],
    http,
    grpc,
    registry,
    readiness,
    logger,
  });
  parts.defer(() => app.close());
  return app;
}
