import { once } from 'node:events';
import { MAX_NODES_NAMED, type ConvergenceJson } from '#contract';
import type { Position } from '#event-store';
import type { ProjectionRunner } from '../fold/projection-runner.js';
import type { Checkpoint } from '../read-model/read-model.js';
import { appliedOf, type Edge } from './edge.js';
import type { EdgeRegistry } from './edge-registry.js';

/** Says whether every live edge node enforces a position, and waits until they do. */
export class Convergence {
  /** The lowest position that all live nodes have applied; null: not known; undefined: no node is live. */
  #lowest: bigint | undefined | null = null;

  constructor(
    private readonly edges: EdgeRegistry,
    private readonly head: () => Checkpoint,
    private readonly runner: ProjectionRunner,
  ) {
    edges.events.on('changed', () => {
      this.#lowest = null;
    });
  }

  /**
   * Resolves as soon as there is a live node and every live node has applied the position; at the end of the time with
   * the nodes that are missing. A node that falls silent stops being waited for.
   */
  async wait(position: Position, timeoutMs: number): Promise<ConvergenceJson> {
    const signal = AbortSignal.any([AbortSignal.timeout(timeoutMs), this.runner.stopping]);
    await this.runner.reached(position, signal);
    while (!this.#isApplied(position) && (await this.#changed(signal)));
    return this.report(position);
  }

  report(position: Position): ConvergenceJson {
    const { epoch } = this.head();
    const target = this.#target(position);
    const live = this.edges.inState('live');
    const waited = live.filter((edge) => appliedOf(edge, epoch) < target);
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
    const { position: head } = this.head();
    return position > head && position <= this.runner.position ? head : position;
  }

  #isApplied(position: Position): boolean {
    this.#lowest = this.#lowest === null ? this.#lowestApplied() : this.#lowest;
    return this.#lowest !== undefined && this.#lowest >= this.#target(position);
  }

  #lowestApplied(): bigint | undefined {
    const { epoch } = this.head();
    const applied = this.edges.inState('live').map((edge) => appliedOf(edge, epoch));
    return applied.length === 0 ? undefined : applied.reduce((one, other) => (one < other ? one : other));
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
