import { Readable, type Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Controller } from '@nestjs/common';
import { GrpcStreamCall } from '@nestjs/microservices';
import type { WireBatchCreateResourcesRequest, WireBatchSetWebsocketsRequest } from '#contract';
import { asApiError, toGrpcError, validated } from '#platform';
import { BatchRunner, contextOfItem, requireNoRevision } from '../batch/batch.js';
import type { CommandContext } from '../commands/command-context.js';
import type { CommandResult } from '../commands/command-result.js';
import { Commands } from '../commands/commands.js';
import { CreateResourceItem, SetWebsocketsItem } from '../input/batch-input.js';
import { contextOfCall, waitMsOfCall, type Call } from './call-context.js';
import { fromChoice, fromCreateRequest, toWireBatchAnswers } from './wire.js';

/** Requests come in and answers go out, as objects. */
type BatchCall<Request> = Duplex & Call & AsyncIterable<Request>;

/** Batches over gRPC: answers stream back while items still come in. */
@Controller()
export class BatchGrpcController {
  constructor(
    private readonly commands: Commands,
    private readonly runner: BatchRunner,
  ) {}

  @GrpcStreamCall('CommandService', 'BatchSetWebsockets')
  async setWebsockets(call: BatchCall<WireBatchSetWebsocketsRequest>): Promise<void> {
    await this.#stream(call, async ({ item, ifMatch, ...rest }, context, index) => {
      const input = validated(SetWebsocketsItem, {
        ...(item && fromChoice(item)),
        ...rest,
        ...(ifMatch !== undefined && { ifMatch: Number(ifMatch) }),
      });
      return this.commands.setWebsockets(input.id, input, contextOfItem(context, input, index));
    });
  }

  @GrpcStreamCall('CommandService', 'BatchCreateResources')
  async createResources(call: BatchCall<WireBatchCreateResourcesRequest>): Promise<void> {
    await this.#stream(call, async ({ item, ...rest }, context, index) => {
      const input = validated(CreateResourceItem, {
        ...(item && fromCreateRequest(item)),
        ...rest,
      });
      return this.commands.create(input, contextOfItem(context, input, index));
    });
  }

  async #stream<Request>(
    call: BatchCall<Request>,
    execute: (request: Request, context: CommandContext, index: number) => Promise<CommandResult>,
  ): Promise<void> {
    try {
      const context = contextOfCall(call);
      requireNoRevision(context);
      const results = this.runner.run({
        items: call,
        execute: (request: Request, index) => execute(request, context, index),
        waitMs: waitMsOfCall(call),
      });
      await pipeline(Readable.from(toWireBatchAnswers(results)), call);
    } catch (error) {
      call.emit('error', toGrpcError(asApiError(error)));
    }
  }
}
