import { Metadata, type ServerUnaryCall } from '@grpc/grpc-js';
import { Controller } from '@nestjs/common';
import { GrpcMethod } from '@nestjs/microservices';
import type {
  WireChangeResourceRequest,
  WireCommandAnswer,
  WireCreateResourceRequest,
  WireDeleteResourceRequest,
  WireResetWebsocketsRequest,
  WireRevertWebsocketsRequest,
  WireSetWebsocketsRequest,
} from '#contract';
import { invalidRequest, validated } from '#platform';
import type { CommandContext } from '../commands/command-context.js';
import type { CommandResult } from '../commands/command-result.js';
import { Commands } from '../commands/commands.js';
import { ChangeResourceInput, CreateResourceInput } from '../input/resource-input.js';
import { ReasonInput, RevertWebsocketsInput, SetWebsocketsInput } from '../input/websockets-input.js';
import { contextOfCall, waitMsOfCall } from './call-context.js';
import { fromChangeRequest, fromChoice, fromCreateRequest, fromRevertRequest, toWireAnswer } from './wire.js';

type UnaryCall = ServerUnaryCall<object, WireCommandAnswer>;

/** The commands over gRPC. */
@Controller()
export class CommandGrpcController {
  constructor(private readonly commands: Commands) {}

  @GrpcMethod('CommandService', 'CreateResource')
  createResource(
    request: WireCreateResourceRequest,
    _metadata: Metadata,
    call: UnaryCall,
  ): Promise<WireCommandAnswer> {
    const input = validated(CreateResourceInput, fromCreateRequest(request));
    return this.#answer(call, (context) => this.commands.create(input, context));
  }

  @GrpcMethod('CommandService', 'ChangeResource')
  changeResource(
    { id, ...request }: WireChangeResourceRequest,
    _metadata: Metadata,
    call: UnaryCall,
  ): Promise<WireCommandAnswer> {
    const input = validated(ChangeResourceInput, fromChangeRequest(request));
    return this.#answer(call, (context) => this.commands.change(named(id), input, context));
  }

  @GrpcMethod('CommandService', 'DeleteResource')
  deleteResource(
    { id, ...request }: WireDeleteResourceRequest,
    _metadata: Metadata,
    call: UnaryCall,
  ): Promise<WireCommandAnswer> {
    const input = validated(ReasonInput, request);
    return this.#answer(call, (context) => this.commands.delete(named(id), input, context));
  }

  @GrpcMethod('CommandService', 'SetWebsockets')
  setWebsockets(
    { id, ...request }: WireSetWebsocketsRequest,
    _metadata: Metadata,
    call: UnaryCall,
  ): Promise<WireCommandAnswer> {
    const input = validated(SetWebsocketsInput, fromChoice(request));
    return this.#answer(call, (context) => this.commands.setWebsockets(named(id), input, context));
  }

  @GrpcMethod('CommandService', 'ResetWebsockets')
  resetWebsockets(
    { id, ...request }: WireResetWebsocketsRequest,
    _metadata: Metadata,
    call: UnaryCall,
  ): Promise<WireCommandAnswer> {
    const input = validated(ReasonInput, request);
    return this.#answer(call, (context) => this.commands.resetWebsockets(named(id), input, context));
  }

  @GrpcMethod('CommandService', 'RevertWebsockets')
  revertWebsockets(
    { id, ...request }: WireRevertWebsocketsRequest,
    _metadata: Metadata,
    call: UnaryCall,
  ): Promise<WireCommandAnswer> {
    const input = validated(RevertWebsocketsInput, fromRevertRequest(request));
    return this.#answer(call, (context) => this.commands.revertWebsockets(named(id), input, context));
  }

  async #answer(
    call: UnaryCall,
    run: (context: CommandContext) => Promise<CommandResult>,
  ): Promise<WireCommandAnswer> {
    const waitMs = waitMsOfCall(call);
    const { answer, replayed } = await run(contextOfCall(call));
    if (replayed) call.sendMetadata(REPLAYED);
    return toWireAnswer(await this.commands.converged(answer, waitMs));
  }
}

const REPLAYED = new Metadata();
REPLAYED.set('idempotency-replayed', 'true');

/** In a path there is always an id; a message may leave it out. */
function named(id: string): string {
  if (id !== '') return id;
  throw invalidRequest([{ field: 'id', value: id, message: 'must be the id of a CDN resource' }]);
}
