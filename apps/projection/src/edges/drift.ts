import type { Logger } from 'pino';
import type { Projection } from '../fold/projection.js';
import type { Edge } from './edge.js';

/** Compares what instances report with the settings that the log has at their position. */
export class Drift {
  #count = 0;

  constructor(
    private readonly projection: Pick<Projection, 'head' | 'digestAt'>,
    private readonly logger: Logger,
  ) {}

  /** How often an instance was found to have other settings than the log. */
  get count(): number {
    return this.#count;
  }

  /** Notes whether the instance has drifted. It mends itself by a snapshot; that it had to must not pass unseen. */
  judge(edge: Edge): void {
    const { epoch, position, digest } = edge.status;
    const { head } = this.projection;
    const expected = epoch === head.epoch ? this.projection.digestAt(position) : undefined;
    if (expected === undefined) return;
    const drifted = digest !== expected;
    if (drifted && !edge.drifted) this.#tell(edge, expected);
    edge.drifted = drifted;
  }

  #tell({ status: { node, instance, position, digest } }: Edge, expected: string): void {
    this.#count += 1;
    this.logger.warn({ node, instance, position: position.toString(), digest, expected }, 'edge has drifted');
  }
}
