import type { StatusMessage } from '#contract';
import { stateOf, type Edge, type EdgeState } from './edge.js';

const NAMELESS = '';

type Kept = Pick<Edge, 'lastSeen' | 'drifted'> & {
  status: Omit<StatusMessage, 'position'> & { position: string };
  state: EdgeState;
};

/** The instances that report under one name: one, unless two agents were given the same. */
export class EdgeNode {
  readonly #instances = new Map<string, Edge>();
  /** By home: the instance whose place another one has taken. */
  readonly #replaced = new Map<string, string>();

  get(instance: string): Edge | undefined {
    return this.#instances.get(instance);
  }

  /**
   * A new instance takes the place of the one with the same home, and of one without a name, as an agent or a replica of
   * an older version reports it. One that is heard after its place was taken runs all the same: its home was copied.
   */
  put(edge: Edge): void {
    const { instance, home } = edge.status;
    const isNew = !this.#instances.has(instance) && this.#replaced.get(home) !== instance;
    if (isNew && home !== '') this.#replace(home);
    this.#instances.delete(NAMELESS);
    this.#instances.set(instance, edge);
  }

  live(now: number): Edge[] {
    return this.all().filter((edge) => stateOf(edge, now) === 'live');
  }

  all(): Edge[] {
    return [...this.#instances.values()];
  }

  /** Whether a report that another replica has heard says nothing new. */
  knows({ instance, home }: StatusMessage, now: number): boolean {
    const edge = this.#instances.get(instance);
    if (edge) return stateOf(edge, now) !== 'stale';
    const live = this.live(now);
    return instance === NAMELESS
      ? live.length > 0
      : home !== '' && live.some(({ status }) => status.home === home);
  }

  /** The instance that stands for the node: of those that are live the one furthest behind, else the last heard. */
  foremost(now: number, appliedBy: (edge: Edge) => bigint): Edge {
    const all = this.all();
    const live = all.length > 1 ? this.live(now) : all;
    if (live.length === 0) return all.reduce((last, edge) => (edge.heardAt >= last.heardAt ? edge : last));
    return live.reduce((least, edge) => (appliedBy(edge) < appliedBy(least) ? edge : least));
  }

  /** Forgets the instances that are silent or have left while another one is live. False: there are none. */
  prune(now: number): boolean {
    if (this.#instances.size === 1 || this.live(now).length === 0) return false;
    const ended = this.all().filter((edge) => stateOf(edge, now) !== 'live');
    for (const { status } of ended) this.#instances.delete(status.instance);
    return ended.length > 0;
  }

  /** The text that the read model keeps. */
  serialize(now: number): string {
    const kept = this.all().map((edge): Kept => {
      const { status, lastSeen, drifted } = edge;
      const state = stateOf(edge, now);
      return { status: { ...status, position: status.position.toString() }, lastSeen, drifted, state };
    });
    return JSON.stringify(kept);
  }

  /**
   * The node as it was kept. An instance that was live when the program stopped counts as heard now: it is expected
   * back, and waited for as long as any other.
   */
  static deserialize(text: string, now: number): EdgeNode {
    const node = new EdgeNode();
    for (const { status, state, ...rest } of JSON.parse(text) as Kept[]) {
      const heardAt = state === 'live' ? now : -Infinity;
      node.put({ ...rest, status: { ...status, position: BigInt(status.position) }, heardAt, session: 0 });
    }
    return node;
  }

  #replace(home: string): void {
    for (const { status } of this.all()) {
      if (status.home !== home) continue;
      this.#instances.delete(status.instance);
      this.#replaced.set(home, status.instance);
    }
  }
}
