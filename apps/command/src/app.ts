import type { Logger } from 'pino';
import { connectFeed } from '#edge-feed';
import { openEventStore } from '#event-store';
import {
  addressOf,
  createRegistry,
  LogMetrics,
  probeLog,
  Readiness,
  startApiApp,
  startTracing,
  tracedStore,
  type ListenAddress,
} from '#platform';
import { COMMAND_SERVICES, CommandModule } from './command.module.js';
import type { CommandConfig } from './config.js';
import { FeedConvergence, noConvergence } from './convergence.js';

/** As metrics and traces call it. */
const SERVICE = 'upgate-command';

const NO_FEED = 'NATS is not connected: what the edges enforce cannot be asked';

export interface CommandApp {
  /** Of HTTP. */
  address: ListenAddress;
  stop(): Promise<void>;
}

/** Runs the write side alone. Throws CannotListen, StoreCorrupt or StoreUnavailable. */
export async function startCommand(config: CommandConfig, logger: Logger): Promise<CommandApp> {
  await using parts = new AsyncDisposableStack();
  parts.defer(await startTracing(SERVICE, logger));
  const readiness = new Readiness();
  const registry = createRegistry(SERVICE, readiness);
  const log = new LogMetrics(registry);
  const store = await openEventStore(config, { logger, onCommit: log.committed });
  parts.defer(() => store.close());
  parts.defer(probeLog(store, readiness));
  const feed = connectConvergence(config, logger, readiness, parts);
  const convergence = feed ?? noConvergence;
  const shared = { logger, registry, readiness };
  const app = await startApiApp({
    imports: [CommandModule.register({ store: tracedStore(log.measured(store)), convergence, ...shared })],
    services: COMMAND_SERVICES,
    http: config.http,
    grpc: config.grpc,
    ...shared,
  });
  parts.defer(() => app.close());
  parts.defer(() => feed?.stop());
  parts.defer(() => readiness.leave(config.stopDelayMs));
  const running = parts.move();
  return { address: addressOf(app), stop: () => running.disposeAsync() };
}

function connectConvergence(
  { nats, fleet }: CommandConfig,
  logger: Logger,
  readiness: Readiness,
  parts: AsyncDisposableStack,
): FeedConvergence | undefined {
  if (!nats) return undefined;
  const connection = connectFeed({ servers: nats, name: 'command', logger });
  parts.defer(() => connection.close());
  readiness.watch('feed', () => (connection.connected ? undefined : NO_FEED));
  return new FeedConvergence(connection, fleet);
}
