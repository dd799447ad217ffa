import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { connect } from '@nats-io/transport-node';
import type { Fleet } from '../fleet/fleet.js';
import { monotonic } from '../harness/monotonic.js';
import { RawHttp } from '../harness/raw-http.js';
import { Remote } from '../harness/remote.js';
import type { Comparison, Row, Run } from '../harness/row.js';
import { seedLog } from '../harness/seed-log.js';
import { launchNats, startProgram } from '../harness/servers.js';
import type { Subscribers } from '../processes/subscribers.js';

const RESOURCES = 1;
const BYTES = 200;
/** Until the nodes have reported a change: the other side's turn is not to be held up by that. */
const REPORTED_MS = 200;
const NOTE =
  'From the command sent over HTTP, its sync to disk included; the nodes have no disk of their own.';

/** The milliseconds from a change until the last node had it. */
export type Change = (enabled: boolean) => Promise<number>;

/** A command until it is applied at the last node, against a message of NATS. */
export const spread: Row = {
  name: 'spread',
  title: 'From a command sent to applied at the last node',
  async measure(run) {
    const comparisons = [];
    for (const nodes of [1, 100, 1_000]) comparisons.push(await compare(run, nodes));
    return comparisons;
  },
};

async function compare(run: Run, nodes: number): Promise<Comparison> {
  await using stack = new AsyncDisposableStack();
  run.progress(`${nodes} nodes join`);
  const ours = await upgate({ ...run, stack, folder: join(run.folder, `${nodes}`) }, nodes);
  const theirs = await rawNats(stack, nodes);
  const samples = { ours: [] as number[], theirs: [] as number[] };
  for (let i = 0; i < (run.quick ? 20 : 60); i += 1) {
    samples.theirs.push(await theirs(i % 2 === 1));
    samples.ours.push(await ours(i % 2 === 1));
  }
  return {
    case: `${nodes} nodes`,
    unit: 'ms',
    ours: samples.ours.slice(4),
    against: { name: 'raw NATS publish', samples: samples.theirs.slice(4) },
    ...(nodes === 1_000 && { target: { atMost: 1.5 } }),
    note: NOTE,
  };
}

/** The split system with so many nodes in one process, and what changes a setting there. */
export async function upgate(run: Run, nodes: number): Promise<Change> {
  await seedLog(run.folder, RESOURCES, () => undefined);
  const nats = await launchNats(run.stack);
  const env = { UPGATE_NATS: nats.url, UPGATE_FLEET: 'bench' };
  run.stack.use(await startProgram('projection', run.folder, env));
  const command = run.stack.use(await startProgram('command', run.folder, env));
  const fleet = run.stack.use(new Remote<Fleet>('fleet/fleet.js'));
  await fleet.call('start', { servers: [nats.url], fleet: 'bench', names: 'n', count: nodes });
  await fleet.call('reached', { position: BigInt(RESOURCES) });
  const http = await RawHttp.connect(command.http);
  run.stack.defer(() => http.close());
  return async (enabled) => {
    const started = monotonic();
    await http.request('PUT', '/v1/resources/r-0/websockets', JSON.stringify({ enabled }));
    const { position } = JSON.parse(http.body) as { position: string };
    const took = Math.max(...(await fleet.call('reached', { position: BigInt(position) }))) - started;
    await delay(REPORTED_MS);
    return took;
  };
}

async function rawNats(stack: AsyncDisposableStack, nodes: number): Promise<Change> {
  const server = await launchNats(stack);
  const subscribers = stack.use(new Remote<Subscribers>('processes/subscribers.js'));
  await subscribers.call('start', { url: server.url, count: nodes });
  const publisher = await connect({ servers: server.url });
  stack.defer(() => publisher.close());
  let messages = 0;
  return async () => {
    const started = monotonic();
    publisher.publish('bench', Buffer.alloc(BYTES));
    messages += 1;
    return Math.max(...(await subscribers.call('received', { messages }))) - started;
  };
}
