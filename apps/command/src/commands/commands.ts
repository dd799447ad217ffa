import { createHash, randomUUID } from 'node:crypto';
import type { CommandAnswerJson, ConvergenceJson } from '#contract';
import type { CdnResourceCommand, Refused, ResourceRecord } from '#domain';
import type { EventStore } from '#event-store';
import { ApiError, renderResource } from '#platform';
import type { ConvergencePort } from '../convergence.js';
import type { ChangeResourceInput, CreateResourceInput } from '../input/resource-input.js';
import {
  toChoice,
  type ReasonInput,
  type RevertWebsocketsInput,
  type SetWebsocketsInput,
} from '../input/websockets-input.js';
import type { CommandMetrics } from '../observe.js';
import { metadataOf, type CommandContext } from './command-context.js';
import type { CommandResult } from './command-result.js';
import { earlierPolicy } from './earlier-policy.js';
import { given } from './given.js';
import { ResourceWriter } from './resource-writer.js';

/** What operators can have done, whatever the protocol. A refusal is thrown as ApiError. */
export class Commands {
  readonly #writer: ResourceWriter;
  readonly #underWay = new Set<Promise<CommandResult>>();
  #stopping = false;

  constructor(
    private readonly store: EventStore,
    private readonly convergence: ConvergencePort,
    private readonly metrics: CommandMetrics,
  ) {
    this.#writer = new ResourceWriter(store);
  }

  /** Without an id one is made: from the idempotency key if there is one, so that a retry finds the same resource. */
  create(input: CreateResourceInput, context: CommandContext): Promise<CommandResult> {
    const { account, cname, secondaryHostnames, origin, integration } = input;
    const id = input.id ?? newId(account, context.idempotencyKey);
    const websockets = input.websockets && toChoice(input.websockets);
    const resource = {
      id,
      account,
      cname,
      secondaryHostnames,
      origin,
      integration,
      ...given({ websockets }),
    };
    return this.#run(id, { type: 'CreateCdnResource', resource }, input, context);
  }

  change(id: string, input: ChangeResourceInput, context: CommandContext): Promise<CommandResult> {
    const { cname, secondaryHostnames, origin } = input;
    const change = given({ cname, secondaryHostnames, origin });
    return this.#run(id, { type: 'ChangeCdnResource', change }, input, context);
  }

  delete(id: string, input: ReasonInput, context: CommandContext): Promise<CommandResult> {
    return this.#run(id, { type: 'DeleteCdnResource' }, input, context);
  }

  setWebsockets(id: string, input: SetWebsocketsInput, context: CommandContext): Promise<CommandResult> {
    return this.#run(id, { type: 'SetWebsockets', ...toChoice(input) }, input, context);
  }

  resetWebsockets(id: string, input: ReasonInput, context: CommandContext): Promise<CommandResult> {
    return this.#run(id, { type: 'ResetWebsockets' }, input, context);
  }

  async revertWebsockets(
    id: string,
    { revision, reason = `revert to revision ${revision}` }: RevertWebsocketsInput,
    context: CommandContext,
  ): Promise<CommandResult> {
    const earlier = await earlierPolicy(this.store, id, revision);
    return this.#run(id, { type: 'RevertWebsockets', revision, earlier }, { reason }, context);
  }

  /** The answer as it is; with a time to wait, together with what the edges enforce when they all do or it is over. */
  async converged(answer: CommandAnswerJson, waitMs: number | undefined): Promise<CommandAnswerJson> {
    return waitMs === undefined
      ? answer
      : { ...answer, convergence: await this.applied(answer.position, waitMs) };
  }

  /** Waits until every live edge node enforces a position, or the time is over. */
  applied(position: string, waitMs: number): Promise<ConvergenceJson> {
    return this.convergence.wait(BigInt(position), waitMs);
  }

  /** Refuses new commands, and resolves when those under way are done. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.allSettled(this.#underWay);
  }

  async #run(
    id: string,
    command: CdnResourceCommand,
    { reason }: ReasonInput,
    context: CommandContext,
  ): Promise<CommandResult> {
    if (this.#stopping) throw new ApiError('shutting_down');
    const execution = this.metrics.measure(command.type, () => this.#execute(id, command, reason, context));
    this.#underWay.add(execution);
    try {
      return await execution;
    } finally {
      this.#underWay.delete(execution);
    }
  }

  async #execute(
    id: string,
    command: CdnResourceCommand,
    reason: string | undefined,
    context: CommandContext,
  ): Promise<CommandResult> {
    const { idempotencyKey: key, expectedRevision } = context;
    const idempotency = key === undefined ? key : { key, fingerprint: hash([id, command, reason]) };
    const outcome = await this.#writer.write(id, {
      command,
      metadata: metadataOf(context, reason),
      ...given({ idempotency, expectedRevision }),
    });
    if (outcome.outcome === 'refused') throw toApiError(outcome.refusal);
    return { answer: answerOf(outcome.changed, outcome.state), replayed: outcome.repeated };
  }
}

function answerOf(changed: boolean, record: ResourceRecord): CommandAnswerJson {
  const resource = renderResource(record);
  return { changed, revision: resource.revision, position: resource.position, resource };
}

function toApiError({ refused, message, errors }: Refused): ApiError {
  return new ApiError(refused, message, errors);
}

function newId(account: string, idempotencyKey: string | undefined): string {
  return idempotencyKey === undefined ? randomUUID() : hash([account, idempotencyKey]).slice(0, 32);
}

function hash(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}
