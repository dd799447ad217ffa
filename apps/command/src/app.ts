import { join } from 'node:path';
import { Module } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Logger } from 'pino';
import { Registry } from 'prom-client';
import { connectFeed } from '#edge-feed';
import { SqliteEventStore } from '#event-store';
import {
  addressOf,
  createHttpApp,
  formatAddress,
  grpcOptions,
  HealthController,
  listening,
  Readiness,
  setUpDocs,
  type ListenAddress,
} from '#platform';
import { COMMAND_SERVICES, CommandModule, type CommandModuleOptions } from './command.module.js';
import type { CommandConfig } from './config.js';
import { FeedConvergence, noConvergence } from './convergence.js';

@Module({})
class AppModule {}

export interface CommandApp {
  /** Of HTTP. */
  address: ListenAddress;
  stop(): Promise<void>;
}

/** Runs the write side alone. Throws CannotListen, StoreCorrupt or StoreUnavailable. */
export async function startCommand(config: CommandConfig, logger: Logger): Promise<CommandApp> {
  await using parts = new AsyncDisposableStack();
  const store = await SqliteEventStore.open({ file: join(config.data, 'log', 'events.sqlite') });
  parts.defer(() => store.close());
  const feed = connectConvergence(config, logger, parts);
  const app = await createApp({
    store,
    convergence: feed ?? noConvergence,
    logger,
    registry: new Registry(),
    readiness: new Readiness(),
  });
  parts.defer(() => app.close());
  parts.defer(() => feed?.stop());
  await listen(app, config);
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

async function createApp(options: CommandModuleOptions): Promise<NestFastifyApplication> {
  const { readiness, registry, logger } = options;
  const module = {
    module: AppModule,
    imports: [CommandModule.register(options)],
    controllers: [HealthController],
    providers: [
      { provide: Readiness, useValue: readiness },
      { provide: Registry, useValue: registry },
    ],
  };
  const app = await createHttpApp(module, logger);
  setUpDocs(app);
  return app;
}

async function listen(app: NestFastifyApplication, { http, grpc }: CommandConfig): Promise<void> {
  app.connectMicroservice(grpcOptions(formatAddress(grpc), COMMAND_SERVICES), { inheritAppConfig: true });
  await listening('UPGATE_GRPC', grpc, () => app.startAllMicroservices());
  await listening('UPGATE_HTTP', http, () => app.listen(http.port, http.host));
}
