import { setTimeout as delay } from 'node:timers/promises';
import type { ConvergenceJson } from '#contract';
import { requestConvergence, type FeedConnection } from '#edge-feed';

const RETRY_MS = 50;
/** For so long one projection is asked at most, before any is asked again: the one that was asked may have died. */
const ASK_MS = 1_000;

/** Waits until every live edge node has applied a position. */
export interface ConvergencePort {
  /** Answers at the end of the time at the latest, with what is known then. */
  wait(position: bigint, timeoutMs: number): Promise<ConvergenceJson>;
}

/** Asks a projection over NATS, again and again until it knows that the position is applied. */
export class FeedConvergence implements ConvergencePort {
  #stopping = false;

  constructor(
    private readonly connection: FeedConnection,
    private readonly fleet: string,
  ) {}

  async wait(position: bigint, timeoutMs: number): Promise<ConvergenceJson> {
    const deadline = performance.now() + timeoutMs;
    const left = () => Math.max(0, Math.ceil(deadline - performance.now()));
    let latest: ConvergenceJson | undefined;
    for (let ms = timeoutMs; ms > 0 && !this.#stopping; ms = left()) {
      const answer = await requestConvergence(this.connection, this.fleet, position, Math.min(ASK_MS, ms));
      if (answer?.status === 'applied') return answer;
      if (!answer) await delay(Math.min(RETRY_MS, left()));
      latest = answer ?? latest;
    }
    return latest ?? unknownConvergence(position);
  }

  /** Ends all that wait, soon. */
  stop(): void {
    this.#stopping = true;
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
