import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Server, ServerOptions } from '@grpc/grpc-js';
import type { PackageDefinition } from '@grpc/proto-loader';
import { ReflectionService } from '@grpc/reflection';
import { Transport, type GrpcOptions } from '@nestjs/microservices';
import { HealthImplementation, protoPath as healthProto } from 'grpc-health-check';
import type { Logger } from 'pino';
import { PROTO_ROOT } from '#contract';
import { grpcLog } from './grpc-log.js';
import { traceGrpc } from './observe/trace-grpc.js';
import { activeTracer } from './observe/tracing.js';

/**
 * `upgate.v1` on one address, with health, reflection and a line in the log per call. Health says SERVING for the server
 * and each service. `onServer` is told of the server before it takes calls.
 */
export function grpcOptions(
  url: string,
  services: readonly string[],
  logger: Logger,
  onServer: (server: Server) => void,
): GrpcOptions {
  const tracer = activeTracer();
  const interceptors = tracer ? [grpcLog(logger), traceGrpc(tracer)] : [grpcLog(logger)];
  const channelOptions: ServerOptions = { interceptors };
  return {
    transport: Transport.GRPC,
    options: {
      url,
      channelOptions,
      package: 'upgate.v1',
      protoPath: [...services.map((service) => join(PROTO_ROOT, 'upgate/v1', service)), healthProto],
      loader: {
        includeDirs: [PROTO_ROOT, dirname(createRequire(import.meta.url).resolve('grpc-health-check'))],
        keepCase: false,
        longs: String,
        enums: String,
        defaults: true,
      },
      gracefulShutdown: true,
      onLoadPackageDefinition: (definition: PackageDefinition, server: Server) => {
        onServer(server);
        new ReflectionService(definition).addToServer(server);
        new HealthImplementation(allServing(definition)).addToServer(server);
      },
    },
  };
}

function allServing(definition: PackageDefinition): Record<string, 'SERVING'> {
  const services = Object.keys(definition).filter((name) => /^upgate\.v1\.\w+Service$/.test(name));
  return Object.fromEntries(['', ...services].map((service) => [service, 'SERVING']));
}
