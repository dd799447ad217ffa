import {
  Inject,
  Module,
  type BeforeApplicationShutdown,
  type DynamicModule,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { Convergence } from './edges/convergence.js';
import { EdgeRegistry } from './edges/edge-registry.js';
import { ProjectionRunner } from './fold/projection-runner.js';
import { AuditGrpcController } from './grpc/audit.controller.js';
import { QueryGrpcController } from './grpc/query.controller.js';
import { AuditController } from './http/audit.controller.js';
import { EdgesController } from './http/edges.controller.js';
import { ResourcesQueryController } from './http/resources.controller.js';
import { StreamController } from './http/stream.controller.js';
import { HistoryQueries } from './queries/history-queries.js';
import { ResourceQueries } from './queries/resource-queries.js';
import { SettingsWatch } from './queries/settings-watch.js';
import { ReadSide } from './read-side.js';

/** The read side's interfaces over HTTP and gRPC. The read side starts and ends with the application. */
@Module({})
export class ProjectionModule
  implements OnApplicationBootstrap, BeforeApplicationShutdown, OnApplicationShutdown
{
  constructor(@Inject(ReadSide) private readonly readSide: ReadSide) {}

  static register(readSide: ReadSide): DynamicModule {
    const { projection, runner, edges, convergence } = readSide;
    return {
      module: ProjectionModule,
      controllers: [
        ResourcesQueryController,
        AuditController,
        EdgesController,
        StreamController,
        QueryGrpcController,
        AuditGrpcController,
      ],
      providers: [
        { provide: ReadSide, useValue: readSide },
        { provide: ProjectionRunner, useValue: runner },
        { provide: EdgeRegistry, useValue: edges },
        { provide: Convergence, useValue: convergence },
        { provide: ResourceQueries, useValue: new ResourceQueries(projection) },
        { provide: HistoryQueries, useValue: new HistoryQueries(projection.readModel) },
        { provide: SettingsWatch, useValue: new SettingsWatch(projection, runner) },
      ],
    };
  }

  onApplicationBootstrap(): void {
    this.readSide.start();
  }

  /** Before the servers close: they wait for those that wait for us. */
  beforeApplicationShutdown(): Promise<void> {
    return this.readSide.stop();
  }

  onApplicationShutdown(): void {
    this.readSide.close();
  }
}
