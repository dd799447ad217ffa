import type { Logger } from 'pino';
import type { ReadModel } from '../read-model/read-model.js';
import { EdgeNode } from './edge-node.js';

/** Keeps the last words of the nodes on disk, beside what is folded from the log. */
export class EdgeKeeper {
  readonly #unsaved = new Set<string>();

  constructor(
    private readonly readModel: ReadModel,
    private readonly logger: Logger,
  ) {}

  load(now: number): [name: string, node: EdgeNode][] {
    return this.readModel.edges.all().map(({ node, record }) => [node, EdgeNode.deserialize(record, now)]);
  }

  /** There is something to keep of this node. */
  note(name: string): void {
    this.#unsaved.add(name);
  }

  forget(name: string): void {
    this.#unsaved.delete(name);
    this.readModel.edges.delete(name);
  }

  /** All that was noted; if that fails, it is tried again with the next call. */
  save(nodes: ReadonlyMap<string, EdgeNode>, now: number): void {
    if (this.#unsaved.size === 0) return;
    try {
      this.readModel.transaction(() => {
        for (const name of this.#unsaved) this.readModel.edges.put(name, nodes.get(name)!.serialize(now));
      });
      this.#unsaved.clear();
    } catch (error) {
      this.logger.warn({ err: error }, 'the status of the edges cannot be kept now');
    }
  }
}
