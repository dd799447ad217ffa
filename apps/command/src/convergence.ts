import { setTimeout as delay } from 'node:timers/promises';
import type { ConvergenceJson } from '#contract';
import { requestConvergence, type FeedConnection } from '#edge-feed';

const RETRY_MS = 100;

/** Waits until every live edge node has applied a position. */
export interface ConvergencePort {
  /** Answers at the end of the time at the latest, with what is known then. */
  wait(position: bigint, timeoutMs: number): Promise<ConvergenceJson>;
}

/** Asks a projection over NATS, again and again while none answers. */
export class FeedConvergence implements ConvergencePort {
  constructor(
    private readonly connection: FeedConnection,
    private readonly fleet: string,
  ) {}

  async wait(position: bigint, timeoutMs: number): Promise<ConvergenceJson> {
    const deadline = performance.now() + timeoutMs;
    for (let left = timeoutMs; left > 0; left = Math.floor(deadline - performance.now())) {
      const answer = await requestConvergence(this.connection, this.fleet, position, left);
      if (answer) return answer;
      await delay(Math.min(RETRY_MS, left));
    }
    return unknownConvergence(position);
  }
}

/** There is nobody to ask: nothing is known of the edges. */
export const noConvergence: ConvergencePort = {
  wait: (position) => Promise.resolve(unknownConvergence(position)),
};

function unknownConvergence(position: bigint): ConvergenceJson {
  return {
    position: position.toString(),
    status: 'pending',
    required: 0,
    applied: 0,
    refused: [],
    missing: [],
    stale: 0,
    gone: 0,
  };
}
