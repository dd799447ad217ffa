import { Controller, Get, Headers, Query, Res } from '@nestjs/common';
import { ApiHeader, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { ApiProblems, invalidRequest, parsePosition, ValidatedPipe } from '#platform';
import { changedNodes } from '../edges/changed-nodes.js';
import { EdgeRegistry } from '../edges/edge-registry.js';
import { ProjectionRunner } from '../fold/projection-runner.js';
import { StreamParameters } from '../queries/parameters.js';
import { SettingsWatch, type WatchedChange } from '../queries/settings-watch.js';
import { EventStream } from './event-stream.js';

@ApiTags('Stream')
@Controller('v1/stream')
export class StreamController {
  constructor(
    private readonly runner: ProjectionRunner,
    private readonly registry: EdgeRegistry,
    private readonly watch: SettingsWatch,
  ) {}

  @Get()
  @ApiOperation({
    summary: 'Changes of resources and of the state of edge nodes as they happen (server-sent events)',
    description:
      '`change`: {"position", "digest"?, "changes": [a resource, or {"id", "deleted": true}]}, with the position as its id. ' +
      'A resource that changes several times while the reader is busy is told of once, as it is then. ' +
      '`edge`: an edge node, or {"node", "deleted": true}.',
  })
  @ApiHeader({ name: 'Last-Event-ID', required: false, description: 'As `after`, and stronger than it.' })
  @ApiOkResponse({ content: { 'text/event-stream': { schema: { type: 'string' } } } })
  @ApiProblems('request_invalid', 'shutting_down', 'internal')
  async stream(
    @Query(ValidatedPipe) { after }: StreamParameters,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const from = startOf(lastEventId) ?? after ?? this.runner.position;
    const stream = new EventStream(reply, this.runner.stopping);
    await Promise.all([this.#sendChanges(stream, from), this.#sendEdges(stream)]);
  }

  async #sendChanges(stream: EventStream, from: bigint): Promise<void> {
    for await (const change of this.watch.changesAfter(from, stream.closed)) {
      if (!(await stream.send('change', render(change), change.position.toString()))) return;
    }
  }

  async #sendEdges(stream: EventStream): Promise<void> {
    for await (const node of changedNodes(this.registry, stream.closed)) {
      if (!(await stream.send('edge', this.registry.get(node) ?? { node, deleted: true }))) return;
    }
  }
}

function render({ position, digest, changed, removed }: WatchedChange): object {
  const deleted = removed.map((id) => ({ id, deleted: true }));
  return { position: position.toString(), ...(digest && { digest }), changes: [...changed, ...deleted] };
}

function startOf(lastEventId: string | undefined): bigint | undefined {
  if (lastEventId === undefined || lastEventId === '') return undefined;
  const position = parsePosition(lastEventId);
  if (position !== undefined) return position;
  throw invalidRequest([
    { field: 'Last-Event-ID', value: lastEventId, message: 'must be the id of an event of this stream' },
  ]);
}
