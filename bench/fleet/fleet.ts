import { eventually } from '../../test/support/condition.js';
import { serve } from '../harness/remote.js';
import { FleetNode } from './fleet-node.js';

const PATIENCE_MS = 180_000;
/** A fleet grows over weeks: only its coming back is all at once. */
const WAVE = 250;

/** Many nodes in one process. Times are of the monotonic clock. */
export interface Fleet {
  start(argument: { servers: string[]; fleet: string; names: string; count: number }): Promise<void>;
  /** Waits until every node is at this position or above; when each of them got where it is. */
  reached(argument: { position: bigint }): Promise<number[]>;
  /** Waits until no node is connected. */
  cutOff(argument: object): Promise<void>;
  /** The first `count` nodes lose all that they know. */
  forget(argument: { count: number }): void;
  snapshots(argument: object): number;
  /** Milliseconds of processor that this process has used, for all of its nodes. */
  processor(argument: object): number;
}

const nodes: FleetNode[] = [];
const isConnected = (node: FleetNode) => node.connected;

serve<Fleet>({
  async start({ servers, fleet, names, count }) {
    while (nodes.length < count) {
      const wave = Math.min(WAVE, count - nodes.length);
      for (let i = 0; i < wave; i += 1) nodes.push(new FleetNode(servers, fleet, `${names}-${nodes.length}`));
      await eventually('a wave of nodes to be connected', () => nodes.every(isConnected), PATIENCE_MS);
    }
  },
  async reached({ position }) {
    const there = () => nodes.every((node) => node.at().position >= position);
    await eventually(`every node at position ${position}`, there, PATIENCE_MS);
    return nodes.map((node) => node.reachedAt);
  },
  async cutOff() {
    await eventually('no node to be connected', () => !nodes.some(isConnected), PATIENCE_MS);
  },
  forget({ count }) {
    for (const node of nodes.slice(0, count)) node.forget();
  },
  snapshots: () => nodes.reduce((sum, node) => sum + node.snapshots, 0),
  processor() {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1_000;
  },
});
