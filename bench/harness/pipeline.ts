import { setTimeout as delay } from 'node:timers/promises';
import type { NatsServer } from '../../test/support/nats.js';
import type { Fleet } from '../fleet/fleet.js';
import { monotonic } from './monotonic.js';
import { Remotes } from './remotes.js';
import type { Run } from './row.js';
import { seedLog } from './seed-log.js';
import { launchNats, startProgram, type Running } from './servers.js';
import { warmUp } from './warm-up.js';

/** Until the nodes have reported a change: the other side's turn is not to be held up by that. */
const REPORTED_MS = 200;

/** The split system: write side, read side, NATS, and nodes that have caught up. */
export interface Pipeline {
  nats: NatsServer;
  command: Running;
  projection: Running;
  fleet: Remotes<Fleet>;
}

/** Starts it on a log of so many resources in `run.folder`, and warms it up before the nodes join. */
export async function startPipeline(
  run: Run,
  { resources, nodes }: { resources: number; nodes: number },
): Promise<Pipeline> {
  await seedLog(run.folder, resources, (text) => run.progress(text));
  const nats = await launchNats(run.stack);
  const env = { UPGATE_NATS: nats.url, UPGATE_FLEET: 'bench' };
  const projection = run.stack.use(await startProgram('projection', run.folder, env));
  const command = run.stack.use(await startProgram('command', run.folder, env));
  const position = await warmUp(command.http);
  const started = monotonic();
  run.progress(`${nodes} nodes join`);
  const fleet = await startFleet(run.stack, nats, nodes);
  await fleet.all('reached', { position });
  run.progress(`${nodes} nodes joined in ${Math.round(monotonic() - started)} ms`);
  return { nats, command, projection, fleet };
}

/** So many nodes, in as many processes as there are processors. */
async function startFleet(
  stack: AsyncDisposableStack,
  { url }: NatsServer,
  nodes: number,
): Promise<Remotes<Fleet>> {
  const fleet = new Remotes<Fleet>('fleet/fleet.js', stack);
  await fleet.share('start', nodes, ({ count, process }) => {
    return { servers: [url], fleet: 'bench', names: `n${process}`, count };
  });
  return fleet;
}

/** When the last node reached this position, of the monotonic clock. Resolves when the nodes have reported it, too. */
export async function lastReached({ fleet }: Pipeline, position: bigint): Promise<number> {
  const times = (await fleet.all('reached', { position })).flat();
  await delay(REPORTED_MS);
  return Math.max(...times);
}

/** Milliseconds of processor that all nodes have used. */
export async function processorOf(fleet: Remotes<Fleet>): Promise<number> {
  return (await fleet.all('processor', {})).reduce((sum, used) => sum + used);
}

/** What a reader must know of nodes that share a machine: what so many changes of a setting took of it. */
export async function nodesNote(
  { fleet }: Pipeline,
  nodes: number,
  rounds: number,
  before: number,
): Promise<string> {
  const perRound = ((await processorOf(fleet)) - before) / rounds;
  return `The ${nodes} nodes share the processors with all the rest; their work took ${Math.round(perRound)} ms of processor a round; elsewhere each has a machine of its own.`;
}
