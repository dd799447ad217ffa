import { once } from 'node:events';
import { MAX_NODES_NAMED, type ConvergenceJson } from '#contract';
import type { Position } from '#event-store';
import type { ProjectionRunner } from '../fold/projection-runner.js';
import type { Projection } from '../fold/projection.js';
import type { Edge } from './edge.js';
import type { EdgeRegistry } from './edge-registry.js';

/** Says whether every live edge node enforces a position, and waits until they do. */
export class Convergence {
  constructor(
    private readonly edges: EdgeRegistry,
    private readonly projection: Pick<Projection, 'head'>,
    private readonly runner: ProjectionRunner,
  ) {}

  /**
   * Resolves as soon as there is a live node and every live node has applied the position; at the end of the time with
   * the nodes that are missing. A node that falls silent stops being waited for. While the feed is away nothing is
   * known of any node, and after it each one has to be heard anew.
   */
  async wait(position: Position, timeoutMs: number): Promise<ConvergenceJson> {
    const signal = AbortSignal.any([AbortSignal.timeout(timeoutMs), this.runner.stopping]);
    await this.runner.reached(position, signal);
    let lacking: string | undefined;
    do {
      lacking = this.#lacking(this.#target(position), lacking);
    } while ((lacking !== undefined || !this.edges.anyLive()) && (await this.#changed(signal)));
    return this.report(position);
  }

  report(position: Position): ConvergenceJson {
    const target = this.#target(position);
    const live = this.edges.inState('live');
    const waited = live.filter((edge) => this.edges.appliedBy(edge) < target);
    const refusing = waited.filter(hasRefused);
    const missing = waited.filter((edge) => !hasRefused(edge));
    return {
      position: position.toString(),
      status: live.length > 0 && waited.length === 0 ? 'applied' : 'pending',
      required: live.length,
      applied: live.length - waited.length,
      refused: refusing.slice(0, MAX_NODES_NAMED).map(({ status: { node, error } }) => ({ node, error })),
      missing: missing.slice(0, MAX_NODES_NAMED).map(({ status }) => status.node),
      stale: this.edges.inState('stale').length,
      gone: this.edges.inState('gone').length,
    };
  }

  /** Events of other streams have positions too: beyond the last event of a resource there is nothing to apply. */
  #target(position: Position): Position {
    const { position: head } = this.projection.head;
    return position > head && position <= this.runner.position ? head : position;
  }

  /** A node that is waited for: the one that was, for as long as it is. Then few changes are worth a look at all. */
  #lacking(position: Position, last: string | undefined): string | undefined {
    if (last !== undefined && this.edges.lacks(last, position)) return last;
    return this.edges.findLacking(position);
  }

  async #changed(signal: AbortSignal): Promise<boolean> {
    try {
      await once(this.edges.events, 'changed', { signal });
      return true;
    } catch {
      return false;
    }
  }
}

function hasRefused({ status }: Edge): boolean {
  return status.error !== '';
}
