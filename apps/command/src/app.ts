import type { Logger } from 'pino';
import { Registry } from 'prom-client';
import { connectFeed } from '#edge-feed';
import { logFile, SqliteEventStore } from '#event-store';
import { addressOf, Readiness, startApiApp, type ListenAddress } from '#platform';
import { COMMAND_SERVICES, CommandModule } from './command.module.js';
import type { CommandConfig } from './config.js';
import { FeedConvergence, noConvergence } from './convergence.js';

export interface CommandApp {
  /** Of HTTP. */
  address: ListenAddress;
  stop(): Promise<void>;
}

/** Runs the write side alone. Throws CannotListen, StoreCorrupt or StoreUnavailable. */
export async function startCommand(config: CommandConfig, logger: Logger): Promise<CommandApp> {
  await using parts = new AsyncDisposableStack();
  const store = await SqliteEventStore.open({ file: logFile(config.data) });
  parts.defer(() => store.close());
  const feed = connectConvergence(config, logger, parts);
  const convergence = feed ?? noConvergence;
  const shared = { logger, registry: new Registry(), readiness: new Readiness() };
  const app = await startApiApp({
    imports: [CommandModule.register({ store, convergence, ...shared })],
    services: COMMAND_SERVICES,
    http: config.http,
    grpc: config.grpc,
    ...shared,
  });
  parts.defer(() => app.close());
  parts.defer(() => feed?.stop());
  const running = parts.move();
  return { address: addressOf(app), stop: () => running.disposeAsync() };
}

function connectConvergence(
  { nats, fleet }: CommandConfig,
  logger: Logger,
  parts: AsyncDisposableStack,
): FeedConvergence | undefined {
  if (!nats) return undefined;
  const connection = connectFeed({ servers: nats, name: 'command', logger });
  parts.defer(() => connection.close());
  return new FeedConvergence(connection, fleet);
}
