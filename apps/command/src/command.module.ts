import { Inject, Module, type BeforeApplicationShutdown, type DynamicModule } from '@nestjs/common';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { EventStore } from '#event-store';
import type { Readiness } from '#platform';
import { BatchRunner } from './batch/batch.js';
import { Commands } from './commands/commands.js';
import type { ConvergencePort } from './convergence.js';
import { BatchGrpcController } from './grpc/batch.controller.js';
import { CommandGrpcController } from './grpc/command.controller.js';
import { BatchController } from './http/batch.controller.js';
import { ResourcesCommandController } from './http/resources.controller.js';
import { WebsocketsCommandController } from './http/websockets.controller.js';
import { LogHealth } from './log-health.js';
import { CommandMetrics } from './observe.js';

/** The .proto files of the services that the write side serves. */
export const COMMAND_SERVICES = ['command_service.proto'];

export interface CommandModuleOptions {
  store: EventStore;
  convergence: ConvergencePort;
  logger: Logger;
  registry: Registry;
  readiness: Readiness;
}

/** The write side's interfaces over HTTP and gRPC. */
@Module({})
export class CommandModule implements BeforeApplicationShutdown {
  constructor(@Inject(Commands) private readonly commands: Commands) {}

  static register({ store, convergence, logger, registry, readiness }: CommandModuleOptions): DynamicModule {
    const log = new LogHealth(store, logger);
    readiness.add('log', () => log.problem());
    const commands = new Commands(store, convergence, new CommandMetrics(registry, log));
    return {
      module: CommandModule,
      controllers: [
        ResourcesCommandController,
        WebsocketsCommandController,
        BatchController,
        CommandGrpcController,
        BatchGrpcController,
      ],
      providers: [
        { provide: Commands, useValue: commands },
        { provide: BatchRunner, useValue: new BatchRunner(commands, logger) },
      ],
    };
  }
  /** Before the servers close, so that every command under way is answered. */
  beforeApplicationShutdown(): Promise<void> {
    return this.commands.stop();
  }
}
