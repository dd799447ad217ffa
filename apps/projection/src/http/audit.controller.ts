import { Controller, Get, Query, UseInterceptors } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { HistoryItemJson } from '#contract';
import { ValidatedPipe } from '#platform';
import { ProjectionRunner } from '../fold/projection-runner.js';
import { awaitPosition } from '../queries/await-position.js';
import { HistoryQueries } from '../queries/history-queries.js';
import { AuditParameters } from '../queries/parameters.js';
import type { Page } from '../queries/resource-queries.js';
import { ApiQueryAnswer } from './documentation.js';
import { PositionHeader } from './position-header.js';
import { HistoryDto } from './response-dto.js';

@ApiTags('Audit')
@UseInterceptors(PositionHeader)
@Controller('v1/audit')
export class AuditController {
  constructor(
    private readonly runner: ProjectionRunner,
    private readonly history: HistoryQueries,
  ) {}

  @Get()
  @ApiOperation({ summary: 'Who changed what, newest first' })
  @ApiQueryAnswer(HistoryDto)
  async audit(@Query(ValidatedPipe) parameters: AuditParameters): Promise<Page<HistoryItemJson>> {
    await awaitPosition(this.runner, parameters);
    return this.history.audit(parameters);
  }
}
