import type { Logger } from 'pino';
import type { CommandAnswerJson, ConvergenceJson } from '#contract';
import { ApiError, asApiError, invalidRequest } from '#platform';
import type { CommandContext } from '../commands/command-context.js';
import type { CommandResult } from '../commands/command-result.js';
import type { Commands } from '../commands/commands.js';
import { mapInOrder } from './map-in-order.js';

const MAX_ITEMS = 10_000;
/** Enough for appends to share the syncs of the disk. */
const CONCURRENCY = 256;

export type ItemResult = { index: number; answer: CommandAnswerJson } | { index: number; error: ApiError };

/** What became of an item, or at the end, if asked for, what the edges enforce of all. */
export type BatchResult = ItemResult | { convergence: ConvergenceJson };

export interface Batch<Item> {
  items: AsyncIterable<Item>;
  /** Reads and carries out an item. Items of one resource take effect in their order. */
  execute: (item: Item, index: number) => Promise<CommandResult>;
  /** Undefined: the batch ends without waiting for the edges. */
  waitMs: number | undefined;
}

/** Carries out the items of a batch, each for itself: one that fails is told of, and the rest goes on. */
export class BatchRunner {
  constructor(
    private readonly commands: Commands,
    private readonly logger: Logger,
  ) {}

  async *run<Item>({ items, execute, waitMs }: Batch<Item>): AsyncGenerator<BatchResult> {
    let position = 0n;
    const attempt = (item: Item, index: number) => this.#attempt(index, () => execute(item, index));
    for await (const result of mapInOrder(items, CONCURRENCY, attempt)) {
      if ('answer' in result) position = later(position, BigInt(result.answer.position));
      yield result;
    }
    if (waitMs === undefined) return;
    yield { convergence: await this.commands.applied(position.toString(), waitMs) };
  }

  async #attempt(index: number, execute: () => Promise<CommandResult>): Promise<ItemResult> {
    try {
      if (index >= MAX_ITEMS) throw new ApiError('body_too_large', `a batch has at most ${MAX_ITEMS} items`);
      const { answer } = await execute();
      return { index, answer };
    } catch (error) {
      const apiError = asApiError(error);
      if (apiError.code === 'internal') this.logger.error({ err: error, index }, 'unexpected error');
      return { index, error: apiError };
    }
  }
}

/** Throws ApiError request_invalid if the batch as a whole asks for a revision. */
export function requireNoRevision({ expectedRevision }: CommandContext): void {
  if (expectedRevision === undefined) return;
  const message = 'is for one command: an item of a batch may have an ifMatch of its own';
  throw invalidRequest([{ field: 'if-match', value: expectedRevision, message }]);
}

/** The context of an item: the batch's, but for key and revision. */
export function contextOfItem(
  context: CommandContext,
  { idempotencyKey, ifMatch }: { idempotencyKey?: string; ifMatch?: number },
  index: number,
): CommandContext {
  const { idempotencyKey: batchKey } = context;
  const ownKey = batchKey === undefined ? undefined : `${batchKey}/${index}`;
  return { ...context, idempotencyKey: idempotencyKey ?? ownKey, expectedRevision: ifMatch };
}

function later(one: bigint, other: bigint): bigint {
  return one > other ? one : other;
}
