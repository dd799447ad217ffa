import type { Metadata } from '@grpc/grpc-js';
import { Controller } from '@nestjs/common';
import { GrpcMethod } from '@nestjs/microservices';
import type { HistoryItemJson, WireListHistoryResponse } from '#contract';
import { validated } from '#platform';
import { ProjectionRunner } from '../fold/projection-runner.js';
import { awaitPosition } from '../queries/await-position.js';
import { HistoryQueries } from '../queries/history-queries.js';
import { AuditParameters, PageParameters } from '../queries/parameters.js';
import type { Page } from '../queries/resource-queries.js';
import { parametersOf, toWireHistoryItem } from './wire.js';

/** The audit over gRPC. */
@Controller()
export class AuditGrpcController {
  constructor(
    private readonly runner: ProjectionRunner,
    private readonly history: HistoryQueries,
  ) {}

  @GrpcMethod('AuditService', 'ListHistory')
  async listHistory(
    { resource, ...request }: { resource: string },
    metadata: Metadata,
  ): Promise<WireListHistoryResponse> {
    const parameters = validated(PageParameters, parametersOf(metadata, request));
    await awaitPosition(this.runner, parameters);
    return toWirePage(this.history.ofResource(resource, parameters));
  }

  @GrpcMethod('AuditService', 'ListAudit')
  async listAudit(request: object, metadata: Metadata): Promise<WireListHistoryResponse> {
    const parameters = validated(AuditParameters, parametersOf(metadata, request));
    await awaitPosition(this.runner, parameters);
    return toWirePage(this.history.audit(parameters));
  }
}

function toWirePage({ items, next }: Page<HistoryItemJson>): WireListHistoryResponse {
  return { items: items.map(toWireHistoryItem), next: next ?? '' };
}
