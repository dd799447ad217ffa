import { EventEmitter } from 'node:events';
import type { Logger } from 'pino';
import type { EdgeJson, StatusMessage } from '#contract';
import type { Checkpoint, ReadModel } from '../read-model/read-model.js';
import { appliedOf, deserialize, renderEdge, serialize, stateOf, type Edge, type EdgeState } from './edge.js';
import { Lag } from './lag.js';

const SWEEP_MS = 1_000;

/** Tells of a node by its id: it was heard with something new, changed its state, or was forgotten. */
interface EdgeEvents {
  changed: [node: string];
}

/** The edge nodes that have ever reported, and what each has applied. */
export class EdgeRegistry {
  readonly events = new EventEmitter<EdgeEvents>();
  readonly #edges = new Map<string, Edge>();
  /** The state of each node as it was last told. */
  readonly #states = new Map<string, EdgeState>();
  readonly #unsaved = new Set<string>();
  readonly #lag: Lag;
  #drifted = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly readModel: ReadModel,
    private readonly head: () => Checkpoint,
    private readonly logger: Logger,
    private readonly clock: () => number = () => performance.now(),
  ) {
    this.#lag = new Lag(readModel.history, () => head().position);
    this.events.setMaxListeners(0);
    for (const record of readModel.edges.all()) this.#put(deserialize(record, clock()));
  }

  /** How often a node has reported another digest at the head than the control plane's. */
  get drifted(): number {
    return this.#drifted;
  }

  /** Keeps what is heard on disk, and notices who falls silent, once a second. */
  start(): void {
    this.#timer = setInterval(() => this.sweep(), SWEEP_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#save();
  }

  heard(status: StatusMessage): void {
    const { node } = status;
    const before = this.#edges.get(node);
    this.#put({ status, lastSeen: new Date().toISOString(), heardAt: this.clock() });
    this.#unsaved.add(node);
    if (before?.status.digest !== status.digest) this.#checkDrift(status);
    if (!this.#settle(node) && !sameReport(before?.status, status)) this.events.emit('changed', node);
  }

  /** Another replica has heard this node lately: unless it is known better here, it counts as heard now. */
  heardElsewhere(status: StatusMessage): void {
    const known = this.#edges.get(status.node);
    if (!known || stateOf(known, this.clock()) === 'stale') this.heard(status);
  }

  /** Forgets a node until it reports again. False: there is none. */
  forget(node: string): boolean {
    if (!this.#edges.delete(node)) return false;
    this.#states.delete(node);
    this.#unsaved.delete(node);
    this.readModel.edges.delete(node);
    this.events.emit('changed', node);
    return true;
  }

  get(node: string): EdgeJson | undefined {
    const edge = this.#edges.get(node);
    return edge && this.#render(edge);
  }

  /** By node id. */
  list(): EdgeJson[] {
    const nodes = [...this.#edges.keys()].toSorted();
    return nodes.map((node) => this.#render(this.#edges.get(node)!));
  }

  inState(state: EdgeState): Edge[] {
    const now = this.clock();
    return [...this.#edges.values()].filter((edge) => stateOf(edge, now) === state);
  }

  sweep(): void {
    for (const node of this.#edges.keys()) this.#settle(node);
    this.#save();
  }

  /** A node that is at the head with other settings mends itself by a snapshot; that it had to must not pass unseen. */
  #checkDrift({ node, epoch, position, digest }: StatusMessage): void {
    const head = this.head();
    if (epoch !== head.epoch || position !== head.position || digest === head.digest) return;
    this.#drifted += 1;
    this.logger.warn(
      { node, position: position.toString(), digest, expected: head.digest },
      'edge has drifted',
    );
  }

  #render(edge: Edge): EdgeJson {
    const head = this.head();
    return renderEdge(edge, head, this.#lag.of(appliedOf(edge, head.epoch)), this.clock());
  }

  #put(edge: Edge): void {
    const { node } = edge.status;
    this.#edges.set(node, edge);
    if (!this.#states.has(node)) this.#states.set(node, stateOf(edge, this.clock()));
  }

  /** Tells of the node if it is in another state than it was last told to be in, and says whether it did. */
  #settle(node: string): boolean {
    const edge = this.#edges.get(node)!;
    const state = stateOf(edge, this.clock());
    if (this.#states.get(node) === state) return false;
    this.logger.info({ node, state, position: edge.status.position }, 'edge');
    this.#states.set(node, state);
    this.#unsaved.add(node);
    this.events.emit('changed', node);
    return true;
  }

  #save(): void {
    if (this.#unsaved.size === 0) return;
    try {
      this.readModel.transaction(() => {
        for (const node of this.#unsaved)
          this.readModel.edges.put(node, serialize(this.#edges.get(node)!, this.#states.get(node)!));
      });
      this.#unsaved.clear();
    } catch (error) {
      this.logger.warn({ err: error }, 'the status of the edges cannot be kept now');
    }
  }
}

/** Whether two reports differ in nothing but when they were heard. */
function sameReport(one: StatusMessage | undefined, other: StatusMessage): boolean {
  if (!one) return false;
  return (Object.keys(other) as (keyof StatusMessage)[]).every((field) => one[field] === other[field]);
}
