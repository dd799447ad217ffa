import { setTimeout as delay } from 'node:timers/promises';
import type { NatsServer } from '../../test/support/nats.js';
import type { Fleet } from '../fleet/fleet.js';
import { Remote } from './remote.js';
import type { Run } from './row.js';
import { seedLog } from './seed-log.js';
import { launchNats, startProgram, type Running } from './servers.js';

/** Until the nodes have reported a change: the other side's turn is not to be held up by that. */
const REPORTED_MS = 200;

/** The split system: write side, read side, NATS, and nodes that have caught up, all in one process. */
export interface Pipeline {
  nats: NatsServer;
  command: Running;
  projection: Running;
  fleet: Remote<Fleet>;
}

/** Starts it on a log of so many resources in `run.folder`. */
export async function startPipeline(
  run: Run,
  { resources, nodes }: { resources: number; nodes: number },
): Promise<Pipeline> {
  await seedLog(run.folder, resources, (text) => run.progress(text));
  const nats = await launchNats(run.stack);
  const env = { UPGATE_NATS: nats.url, UPGATE_FLEET: 'bench' };
  const projection = run.stack.use(await startProgram('projection', run.folder, env));
  const command = run.stack.use(await startProgram('command', run.folder, env));
  const fleet = run.stack.use(new Remote<Fleet>('fleet/fleet.js'));
  await fleet.call('start', { servers: [nats.url], fleet: 'bench', names: 'n', count: nodes });
  await fleet.call('reached', { position: BigInt(resources) });
  return { nats, command, projection, fleet };
}

/** When the last node reached this position, of the monotonic clock. Resolves when the nodes have reported it, too. */
export async function lastReached({ fleet }: Pipeline, position: bigint): Promise<number> {
  const times = await fleet.call('reached', { position });
  await delay(REPORTED_MS);
  return Math.max(...times);
}

/** What a reader must know of nodes that share a processor: what so many changes of a setting took of it. */
export async function nodesNote(
  { fleet }: Pipeline,
  nodes: number,
  rounds: number,
  before: number,
): Promise<string> {
  const perRound = ((await fleet.call('processor', {})) - before) / rounds;
  return `The ${nodes} nodes share a process, whose work for all of them took ${Math.round(perRound)} ms of processor a round; elsewhere each has a machine of its own.`;
}
