import type { Server } from '@grpc/grpc-js';
import { Module, type DynamicModule } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Logger } from 'pino';
import { Registry } from 'prom-client';
import { listening } from './cannot-listen.js';
import { closeCalls } from './close-calls.js';
import { setUpDocs } from './docs.js';
import { HealthController, Readiness } from './health.js';
import { createHttpApp } from './http-app.js';
import { formatAddress, type ListenAddress } from './listen-address.js';

export interface ApiAppOptions {
  imports: DynamicModule[];
  /** The .proto files of the services that the imports serve over gRPC. */
  services: readonly string[];
  http: ListenAddress;
  grpc: ListenAddress;
  registry: Registry;
  readiness: Readiness;
  logger: Logger;
}

@Module({})
class ApiModule {}

/**
 * Serves modules of the API over HTTP and gRPC, with their description, health and metrics. Throws CannotListen. What it
 * needs for gRPC is loaded here: an edge agent, which serves no calls, starts the sooner.
 */
export async function startApiApp(options: ApiAppOptions): Promise<NestFastifyApplication> {
  const { imports, services, http, grpc, registry, readiness, logger } = options;
  const providers = [
    { provide: Readiness, useValue: readiness },
    { provide: Registry, useValue: registry },
  ];
  const app = await createHttpApp(
    { module: ApiModule, imports, controllers: [HealthController], providers },
    logger,
  );
  try {
    setUpDocs(app);
    const closing = (server: Server) => closeCalls(app.getHttpAdapter().getInstance(), server);
    const { grpcOptions } = await import('./grpc-options.js');
    const calls = grpcOptions(formatAddress(grpc), services, logger, closing);
    app.connectMicroservice(calls, { inheritAppConfig: true });
    await listening('UPGATE_GRPC', grpc, () => app.startAllMicroservices());
    await listening('UPGATE_HTTP', http, () => app.listen(http.port, http.host));
    return app;
  } catch (error) {
    await app.close();
    throw error;
  }
}
