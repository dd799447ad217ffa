import { Controller, Get, Param, Query, Res, UseInterceptors } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { HistoryItemJson, ResourceJson } from '#contract';
import { ResourceDto, ValidatedPipe } from '#platform';
import { ProjectionRunner } from '../fold/projection-runner.js';
import { awaitMoment, awaitPosition } from '../queries/await-position.js';
import { HistoryQueries } from '../queries/history-queries.js';
import {
  ListParameters,
  PageParameters,
  ReadParameters,
  WebsocketsParameters,
} from '../queries/parameters.js';
import { ResourceQueries, type Page, type WebsocketsAt } from '../queries/resource-queries.js';
import { ApiQueryAnswer, ETAG } from './documentation.js';
import { PositionHeader } from './position-header.js';
import { HistoryDto, ResourceListDto, WebsocketsAtDto } from './response-dto.js';

@ApiTags('Resources')
@UseInterceptors(PositionHeader)
@Controller('v1/resources')
export class ResourcesQueryController {
  constructor(
    private readonly runner: ProjectionRunner,
    private readonly resources: ResourceQueries,
    private readonly history: HistoryQueries,
  ) {}

  @Get()
  @ApiOperation({ summary: 'List CDN resources, by id' })
  @ApiQueryAnswer(ResourceListDto)
  async list(@Query(ValidatedPipe) parameters: ListParameters): Promise<Page<ResourceJson>> {
    await awaitPosition(this.runner, parameters);
    return this.resources.list(parameters);
  }

  @Get(':id')
  @ApiOperation({ summary: 'One CDN resource' })
  @ApiQueryAnswer(ResourceDto, ['resource_unknown', 'resource_deleted'], ETAG)
  async get(
    @Param('id') id: string,
    @Query(ValidatedPipe) parameters: ReadParameters,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ResourceJson> {
    await awaitPosition(this.runner, parameters);
    const resource = this.resources.get(id);
    void reply.header('etag', `"${resource.revision}"`);
    return resource;
  }

  @Get(':id/websockets')
  @ApiOperation({
    summary: 'The WebSocket policy of a CDN resource, as it is or as it was',
    description: 'With `at` there is no ETag: what was cannot be changed.',
  })
  @ApiQueryAnswer(WebsocketsAtDto, ['resource_unknown', 'resource_deleted'], ETAG)
  async websockets(
    @Param('id') id: string,
    @Query(ValidatedPipe) parameters: WebsocketsParameters,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<WebsocketsAt> {
    await awaitMoment(this.runner, parameters);
    const policy = this.resources.websockets(id, parameters.at);
    if (parameters.at === undefined) void reply.header('etag', `"${this.resources.get(id).revision}"`);
    return policy;
  }

  @Get(':id/history')
  @ApiOperation({
    summary: 'What happened to a CDN resource, newest first',
    description: 'Works for a deleted one too.',
  })
  @ApiQueryAnswer(HistoryDto, ['resource_unknown'])
  async historyOf(
    @Param('id') id: string,
    @Query(ValidatedPipe) parameters: PageParameters,
  ): Promise<Page<HistoryItemJson>> {
    await awaitPosition(this.runner, parameters);
    return this.history.ofResource(id, parameters);
  }
}
