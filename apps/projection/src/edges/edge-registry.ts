import { EventEmitter } from 'node:events';
import type { Logger } from 'pino';
import type { EdgeJson, StatusMessage } from '#contract';
import type { Position } from '#event-store';
import type { Projection } from '../fold/projection.js';
import { Drift } from './drift.js';
import { EdgeKeeper } from './edge-keeper.js';
import { EdgeNode } from './edge-node.js';
import { appliedOf, renderEdge, sameReport, stateOf, type Edge, type EdgeState } from './edge.js';
import type { FeedTime } from './feed-time.js';
import { Lag } from './lag.js';

const SWEEP_MS = 1_000;

/** Tells of a node by its id: it was heard with something new, changed its state, or was forgotten. */
interface EdgeEvents {
  changed: [node: string];
}

/** The edge nodes that have ever reported, and what each has applied. */
export class EdgeRegistry {
  readonly events = new EventEmitter<EdgeEvents>();
  readonly #nodes = new Map<string, EdgeNode>();
  /** The state of each node as it was last told. */
  readonly #states = new Map<string, EdgeState>();
  readonly #keeper: EdgeKeeper;
  readonly #lag: Lag;
  readonly #drift: Drift;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly projection: Pick<Projection, 'head' | 'digestAt' | 'readModel'>,
    private readonly feed: FeedTime,
    private readonly logger: Logger,
  ) {
    this.#lag = new Lag(projection.readModel.history, () => projection.head.position);
    this.#drift = new Drift(projection, logger);
    this.#keeper = new EdgeKeeper(projection.readModel, logger);
    this.events.setMaxListeners(0);
    for (const [name, node] of this.#keeper.load(feed.now)) {
      this.#nodes.set(name, node);
      this.#states.set(name, this.#stateOf(node));
    }
  }

  /** How often an instance was found to have other settings than the log. */
  get drifted(): number {
    return this.#drift.count;
  }

  /** Names that several live instances report under. */
  get shared(): number {
    return [...this.#nodes.values()].filter((node) => node.live(this.feed.now).length > 1).length;
  }

  /** Keeps what is heard on disk, and notices who falls silent, once a second. */
  start(): void {
    this.#timer = setInterval(() => this.sweep(), SWEEP_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#keeper.save(this.#nodes, this.feed.now);
  }

  heard(status: StatusMessage): void {
    const node = this.#nodes.get(status.node) ?? this.#add(status.node);
    const before = node.get(status.instance);
    node.put(this.#edgeOf(status, before));
    const instances = node.live(this.feed.now).length;
    if (!before && instances > 1)
      this.logger.warn({ node: status.node, instances }, 'several agents have the name of one node');
    this.#keeper.note(status.node);
    const hasNews = before?.session !== this.feed.session || !sameReport(before.status, status);
    if (!this.#settle(status.node) && hasNews) this.events.emit('changed', status.node);
  }

  /** Another replica has heard this lately: unless it is known better here, it counts as heard now. */
  heardElsewhere(status: StatusMessage): void {
    if (!this.#nodes.get(status.node)?.knows(status, this.feed.now)) this.heard(status);
  }

  /** Forgets a node until it reports again. False: there is none. */
  forget(node: string): boolean {
    if (!this.#nodes.delete(node)) return false;
    this.#states.delete(node);
    this.#keeper.forget(node);
    this.events.emit('changed', node);
    return true;
  }

  get(node: string): EdgeJson | undefined {
    return this.#nodes.has(node) ? this.#render(node) : undefined;
  }

  /** By node id. */
  list(): EdgeJson[] {
    return [...this.#nodes.keys()].toSorted().map((node) => this.#render(node));
  }

  /** The instance that stands for each node that is in this state. */
  inState(state: EdgeState): Edge[] {
    const { now } = this.feed;
    const edges = [...this.#nodes.values()].map((node) => this.#foremost(node));
    return edges.filter((edge) => stateOf(edge, now) === state);
  }

  /** Whether a live instance of the node has yet to apply the position. */
  lacks(name: string, position: Position): boolean {
    const live = this.#nodes.get(name)?.live(this.feed.now) ?? [];
    return live.some((edge) => this.appliedBy(edge) < position);
  }

  /** Some node that lacks the position. */
  findLacking(position: Position): string | undefined {
    return this.#nodes.keys().find((name) => this.lacks(name, position));
  }

  anyLive(): boolean {
    const { now } = this.feed;
    return this.#nodes.values().some((node) => node.live(now).length > 0);
  }

  /** The last reports of all live instances. */
  roster(): StatusMessage[] {
    const { now } = this.feed;
    return [...this.#nodes.values()].flatMap((node) => node.live(now)).map(({ status }) => status);
  }

  /** What the instance is known to enforce: nothing of the log if it has drifted, or was not heard in this session. */
  appliedBy(edge: Edge): bigint {
    this.#drift.judge(edge);
    if (edge.drifted || edge.session !== this.feed.session || this.feed.away) return -1n;
    return appliedOf(edge, this.projection.head.epoch);
  }

  sweep(): void {
    for (const [name, node] of this.#nodes) {
      for (const edge of node.all()) this.#drift.judge(edge);
      if (node.prune(this.feed.now)) this.#tell(name);
      this.#settle(name);
    }
    this.#keeper.save(this.#nodes, this.feed.now);
  }

  #edgeOf(status: StatusMessage, before: Edge | undefined): Edge {
    const { now: heardAt, session } = this.feed;
    const drifted = before?.drifted === true && before.status.digest === status.digest;
    const edge = { status, lastSeen: new Date().toISOString(), heardAt, session, drifted };
    this.#drift.judge(edge);
    return edge;
  }

  #render(name: string): EdgeJson {
    const { head } = this.projection;
    const { now } = this.feed;
    const node = this.#nodes.get(name)!;
    const edge = this.#foremost(node);
    this.#drift.judge(edge);
    const lag = this.#lag.of(appliedOf(edge, head.epoch));
    return renderEdge(edge, node.live(now).length, head, lag, now);
  }

  #foremost(node: EdgeNode): Edge {
    return node.foremost(this.feed.now, (edge) => this.appliedBy(edge));
  }

  #add(name: string): EdgeNode {
    const node = new EdgeNode();
    this.#nodes.set(name, node);
    return node;
  }

  #stateOf(node: EdgeNode): EdgeState {
    return stateOf(this.#foremost(node), this.feed.now);
  }

  /** Tells of the node if it is in another state than it was last told to be in, and says whether it did. */
  #settle(name: string): boolean {
    const state = this.#stateOf(this.#nodes.get(name)!);
    if (this.#states.get(name) === state) return false;
    this.logger.info({ node: name, state }, 'edge');
    this.#states.set(name, state);
    this.#tell(name);
    return true;
  }

  #tell(name: string): void {
    this.#keeper.note(name);
    this.events.emit('changed', name);
  }
}
