import { once } from 'node:events';
import type { Metadata, ServerWritableStream } from '@grpc/grpc-js';
import { Controller } from '@nestjs/common';
import { GrpcMethod } from '@nestjs/microservices';
import { from, type Observable } from 'rxjs';
import type {
  WireConvergence,
  WireGetWebsocketsResponse,
  WireListEdgesResponse,
  WireListResourcesResponse,
  WireResource,
  WireWatchSettingsResponse,
} from '#contract';
import { requirePosition, toWireConvergence, toWireResource, validated } from '#platform';
import { Convergence } from '../edges/convergence.js';
import { EdgeRegistry } from '../edges/edge-registry.js';
import { ProjectionRunner } from '../fold/projection-runner.js';
import { awaitMoment, awaitPosition } from '../queries/await-position.js';
import {
  ConvergenceParameters,
  ListParameters,
  ReadParameters,
  WebsocketsParameters,
} from '../queries/parameters.js';
import { ResourceQueries } from '../queries/resource-queries.js';
import { SettingsWatch } from '../queries/settings-watch.js';
import { integrationOf, parametersOf, toWireEdge, toWireWatched, toWireWebsocketsAt } from './wire.js';

interface WatchRequest {
  after?: string;
}

type WatchCall = ServerWritableStream<WatchRequest, WireWatchSettingsResponse>;

/** The queries over gRPC. */
@Controller()
export class QueryGrpcController {
  constructor(
    private readonly runner: ProjectionRunner,
    private readonly resources: ResourceQueries,
    private readonly edges: EdgeRegistry,
    private readonly convergence: Convergence,
    private readonly watch: SettingsWatch,
  ) {}

  @GrpcMethod('QueryService', 'GetResource')
  async getResource({ id }: { id: string }, metadata: Metadata): Promise<WireResource> {
    await awaitPosition(this.runner, validated(ReadParameters, parametersOf(metadata)));
    return toWireResource(this.resources.get(id));
  }

  @GrpcMethod('QueryService', 'ListResources')
  async listResources(
    { integration, ...request }: { integration: string },
    metadata: Metadata,
  ): Promise<WireListResourcesResponse> {
    const input = { ...parametersOf(metadata, request), integration: integrationOf(integration) };
    const parameters = validated(ListParameters, input);
    await awaitPosition(this.runner, parameters);
    const { items, next } = this.resources.list(parameters);
    return { items: items.map(toWireResource), next: next ?? '' };
  }

  @GrpcMethod('QueryService', 'GetWebsockets')
  async getWebsockets(
    { id, ...request }: { id: string },
    metadata: Metadata,
  ): Promise<WireGetWebsocketsResponse> {
    const parameters = validated(WebsocketsParameters, parametersOf(metadata, request));
    await awaitMoment(this.runner, parameters);
    return toWireWebsocketsAt(this.resources.websockets(id, parameters.at));
  }

  @GrpcMethod('QueryService', 'ListEdges')
  async listEdges(_request: object, metadata: Metadata): Promise<WireListEdgesResponse> {
    await awaitPosition(this.runner, validated(ReadParameters, parametersOf(metadata)));
    return { items: this.edges.list().map(toWireEdge) };
  }

  @GrpcMethod('QueryService', 'GetConvergence')
  async getConvergence({ position, ...request }: { position: string }): Promise<WireConvergence> {
    const { timeout } = validated(ConvergenceParameters, parametersOf(undefined, request));
    return toWireConvergence(await this.convergence.wait(requirePosition('position', position), timeout));
  }

  @GrpcMethod('QueryService', 'WatchSettings')
  watchSettings(
    { after }: WatchRequest,
    _metadata: Metadata,
    call: WatchCall,
  ): Observable<WireWatchSettingsResponse> {
    return from(this.#changes(after, call));
  }

  /** Waits for the reader before it reads on: nothing piles up for a slow one. */
  async *#changes(after: string | undefined, call: WatchCall): AsyncGenerator<WireWatchSettingsResponse> {
    const gone = new AbortController();
    call.once('cancelled', () => gone.abort());
    const changes =
      after === undefined
        ? this.watch.everything(gone.signal)
        : this.watch.changesAfter(requirePosition('after', after), gone.signal);
    for await (const change of changes) {
      yield toWireWatched(change);
      if (call.writableNeedDrain) await once(call, 'drain', { signal: gone.signal });
    }
  }
}
