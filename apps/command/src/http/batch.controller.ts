import { Readable } from 'node:stream';
import { Body, Controller, HttpCode, Post, Query, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { NDJSON, TakesNdjson, validated, ValidatedPipe } from '#platform';
import { BatchRunner, contextOfItem, requireNoRevision, type Batch } from '../batch/batch.js';
import type { CommandContext } from '../commands/command-context.js';
import { Commands } from '../commands/commands.js';
import { CreateResourceItem, SetWebsocketsItem } from '../input/batch-input.js';
import { waitMsOf, WaitParameters } from '../input/command-parameters.js';
import { ApiBatch } from './documentation.js';
import { itemsOf, linesOfResults, parseItem } from './ndjson.js';
import { RequestContext } from './request-context.js';

const DESCRIPTION =
  'Up to 10,000 items, a JSON object in each line of at most 64 KB. Each is a command of its own: one that fails does ' +
  'not stop the others.';

@ApiTags('Batches')
@Controller('v1')
export class BatchController {
  constructor(
    private readonly commands: Commands,
    private readonly runner: BatchRunner,
  ) {}

  @Post('websockets::batch')
  @HttpCode(200)
  @TakesNdjson()
  @ApiOperation({ summary: 'Switch the WebSockets of many CDN resources', description: DESCRIPTION })
  @ApiBatch(SetWebsocketsItem)
  setWebsockets(
    @Body() body: unknown,
    @Query(ValidatedPipe) wait: WaitParameters,
    @RequestContext() context: CommandContext,
    @Res() reply: FastifyReply,
  ): void {
    requireNoRevision(context);
    this.#stream(reply, 200, {
      items: itemsOf(body),
      execute: async (line, index) => {
        const item = validated(SetWebsocketsItem, parseItem(line));
        return this.commands.setWebsockets(item.id, item, contextOfItem(context, item, index));
      },
      waitMs: waitMsOf(wait),
    });
  }

  @Post('resources::batch')
  @HttpCode(200)
  @TakesNdjson()
  @ApiOperation({ summary: 'Create many CDN resources', description: DESCRIPTION })
  @ApiBatch(CreateResourceItem)
  createResources(
    @Body() body: unknown,
    @Query(ValidatedPipe) wait: WaitParameters,
    @RequestContext() context: CommandContext,
    @Res() reply: FastifyReply,
  ): void {
    requireNoRevision(context);
    this.#stream(reply, 201, {
      items: itemsOf(body),
      execute: async (line, index) => {
        const item = validated(CreateResourceItem, parseItem(line));
        return this.commands.create(item, contextOfItem(context, item, index));
      },
      waitMs: waitMsOf(wait),
    });
  }

  /** Each line goes out as soon as it is ready; the batch waits for a client that does not read. */
  #stream<Item>(reply: FastifyReply, accepted: number, batch: Batch<Item>): void {
    const execute: typeof batch.execute = async (item, index) => {
      const result = await batch.execute(item, index);
      noteForLog(reply, BigInt(result.answer.position));
      return result;
    };
    const lines = linesOfResults(this.runner.run({ ...batch, execute }), accepted);
    void reply.type(NDJSON).send(Readable.from(lines));
  }
}

/** The head of the answer is sent by then: only the line of the request has the highest position. */
function noteForLog(reply: FastifyReply, position: bigint): void {
  const highest = BigInt(String(reply.getHeader('upgate-position') ?? 0));
  if (position > highest) void reply.header('upgate-position', position.toString());
}
