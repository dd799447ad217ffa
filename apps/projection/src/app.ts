import type { Logger } from 'pino';
import { connectFeed } from '#edge-feed';
import { openEventStore } from '#event-store';
import {
  addressOf,
  createRegistry,
  probeLog,
  Readiness,
  startApiApp,
  startTracing,
  type ListenAddress,
} from '#platform';
import type { ProjectionConfig } from './config.js';
import { readModelFolder } from './folders.js';
import { observe } from './observe.js';
import { ProjectionModule } from './projection.module.js';
import { ReadSide } from './read-side.js';

/** The .proto files of the services that the read side serves. */
export const PROJECTION_SERVICES = ['query_service.proto', 'audit_service.proto'];

/** As metrics and traces call it. */
const SERVICE = 'upgate-projection';

export interface ProjectionApp {
  /** Of HTTP. */
  address: ListenAddress;
  stop(): Promise<void>;
}

/** Runs the read side alone. Throws CannotListen, InstanceRunning, LogShortened, StoreCorrupt or StoreUnavailable. */
export async function startProjection(config: ProjectionConfig, logger: Logger): Promise<ProjectionApp> {
  await using parts = new AsyncDisposableStack();
  parts.defer(await startTracing(SERVICE, logger));
  const store = await openEventStore(config, { logger });
  parts.defer(() => store.close());
  const connection = connectFeed({ servers: config.nats, name: 'projection', logger });
  parts.defer(() => connection.close());
  const { fleet, http, grpc, maxLagMs, stopDelayMs } = config;
  const folder = readModelFolder(config);
  const readSide = await ReadSide.open({ store, folder, connection, fleet, maxLagMs, logger });
  const readiness = new Readiness();
  const registry = createRegistry(SERVICE, readiness);
  observe(readSide, store, registry, readiness);
  parts.defer(probeLog(store, readiness));
  const app = await startApiApp({
    imports: [ProjectionModule.register(readSide)],
    services: PROJECTION_SERVICES,
    http,
    grpc,
    registry,
    readiness,
    logger,
  });
  parts.defer(() => app.close());
  parts.defer(() => readiness.leave(stopDelayMs));
  const running = parts.move();
  return { address: addressOf(app), stop: () => running.disposeAsync() };
}
