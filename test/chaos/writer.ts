import { setTimeout as delay } from 'node:timers/promises';
import type { GrpcClient } from '../support/grpc-client.js';
import type { Attempt, Reply } from './history.js';
import { sendGrpc } from './grpc-request.js';
import { sendHttp } from './http-request.js';
import type { Operation, Step, Workload } from './workload.js';

/** The command side may be down: it is not asked as fast as it can refuse. */
const AFTER_SILENCE_MS = 50;

/** Sends one command after the other, and keeps what came of each. Commands without an answer are tried once more. */
export class Writer {
  readonly attempts: Attempt[] = [];
  readonly #operations: Operation[] = [];
  readonly #revisions = new Map<string, number>();

  constructor(
    private readonly name: string,
    private readonly workload: Workload,
    private readonly http: string,
    private readonly grpc: GrpcClient,
  ) {}

  /** Until told to stop: the command under way is finished first. */
  async run(stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      const step = this.workload.next();
      await delay(step.pauseMs);
      if ('operation' in step) this.#operations.push(step.operation);
      const operation = 'operation' in step ? step.operation : this.#operations[step.retry]!;
      const again = 'retry' in step;
      if (again && operation.key === undefined) continue;
      const reply = await this.#try(operation, step);
      if (reply) continue;
      await delay(AFTER_SILENCE_MS);
      if (operation.key !== undefined) await this.#try(operation, step);
    }
  }

  async #try(
    { resource, command, key, conditional }: Operation,
    { via, waits }: Step,
  ): Promise<Reply | undefined> {
    const seen = this.#revisions.get(resource);
    const attempt: Attempt = {
      requestId: `${this.name}-try-${this.attempts.length + 1}`,
      resource,
      command,
      via,
      waits,
      invokedAt: performance.now(),
      ...(key !== undefined && { key }),
      ...(conditional && seen !== undefined && { ifMatch: seen }),
    };
    this.attempts.push(attempt);
    const reply = await (via === 'grpc' ? sendGrpc(this.grpc, attempt) : sendHttp(this.http, attempt));
    if (reply) attempt.reply = reply;
    if (reply && 'answer' in reply) this.#revisions.set(resource, reply.answer.revision);
    return reply;
  }
}
