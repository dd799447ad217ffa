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
import type { ProjectionConfig } from './config.js';
import { logFile, readModelFolder } from './folders.js';
import { observe } from './observe.js';
import { ProjectionModule } from './projection.module.js';
import { ReadSide } from './read-side.js';

/** The .proto files of the services that the read side serves. */
export const PROJECTION_SERVICES = ['query_service.proto', 'audit_service.proto'];

@Module({})
class AppModule {}

export interface ProjectionApp {
  /** Of HTTP. */
  address: ListenAddress;
  stop(): Promise<void>;
}

/** Runs the read side alone. Throws CannotListen, InstanceRunning, LogShortened, StoreCorrupt or StoreUnavailable. */
export async function startProjection(config: ProjectionConfig, logger: Logger): Promise<ProjectionApp> {
  await using parts = new AsyncDisposableStack();
  const store = await SqliteEventStore.open({ file: logFile(config.data) });
  parts.defer(() => store.close());
  const connection = connectFeed({ servers: config.nats, name: 'projection', logger });
  parts.defer(() => connection.close());
  const { fleet } = config;
  const folder = readModelFolder(config);
  const readSide = await ReadSide.open({ store, folder, connection, fleet, logger });
  const registry = new Registry();
  const readiness = new Readiness();
  observe(readSide, store, registry, readiness);
  const app = await createApp(readSide, registry, readiness, logger);
  parts.defer(() => app.close());
  await listen(app, config);
  const running = parts.move();
  return { address: addressOf(app), stop: () => running.disposeAsync() };
}

function createApp(
  readSide: ReadSide,
  registry: Registry,
  readiness: Readiness,
  logger: Logger,
): Promise<NestFastifyApplication> {
  const module = {
    module: AppModule,
    imports: [ProjectionModule.register(readSide)],
    controllers: [HealthController],
    providers: [
      { provide: Readiness, useValue: readiness },
      { provide: Registry, useValue: registry },
    ],
  };
  return createHttpApp(module, logger);
}

async function listen(app: NestFastifyApplication, { http, grpc }: ProjectionConfig): Promise<void> {
  setUpDocs(app);
  app.connectMicroservice(grpcOptions(formatAddress(grpc), PROJECTION_SERVICES), { inheritAppConfig: true });
  await listening('UPGATE_GRPC', grpc, () => app.startAllMicroservices());
  await listening('UPGATE_HTTP', http, () => app.listen(http.port, http.host));
}
