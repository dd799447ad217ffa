import { join } from 'node:path';
import { Remote } from '../harness/remote.js';
import type { Comparison, Row, Run } from '../harness/row.js';
import { seedLog } from '../harness/seed-log.js';
import { startProgram } from '../harness/servers.js';
import { percentile } from '../harness/statistics.js';
import { WARM_UP } from '../harness/warm-up.js';
import type { BareFastify } from '../processes/bare-fastify.js';
import type { Endpoint, HttpLoad } from '../processes/http-load.js';

const RESOURCES = 1_000;
const TARGET = { atMost: 1.5 };
export const COMMAND_PATH = '/v1/resources/{id}/websockets';

/** A durable command over HTTP, one at a time. */
export const commandLatency: Row = {
  name: 'command-latency',
  title: 'A durable command over HTTP, one at a time',
  async measure(run) {
    const { load, ours, floor } = await startHttp(run, '/durable');
    const count = run.quick ? 200 : 1_000;
    const samples = { ours: [] as number[][], floor: [] as number[][] };
    await warmUp(load, [ours, floor]);
    for (let round = 1; round <= run.rounds; round += 1) {
      run.progress(`round ${round} of ${run.rounds}`);
      samples.floor.push(await load.call('latencies', { to: floor, count, resources: RESOURCES }));
      samples.ours.push(await load.call('latencies', { to: ours, count, resources: RESOURCES }));
    }
    return [0.5, 0.99].map((p) => comparison(p, samples));
  },
};

function comparison(p: number, { ours, floor }: { ours: number[][]; floor: number[][] }): Comparison {
  return {
    case: `p${p * 100}`,
    unit: 'ms',
    ours: ours.map((round) => percentile(round, p)),
    against: {
      name: 'bare Fastify + write + fdatasync',
      samples: floor.map((round) => percentile(round, p)),
    },
    target: TARGET,
  };
}

/** The write side over a log of so many resources, a bare Fastify, and a load for both. */
export async function startHttp(
  run: Run,
  barePath: string,
): Promise<{ load: Remote<HttpLoad>; ours: Endpoint; floor: Endpoint }> {
  const data = join(run.folder, 'data');
  await seedLog(data, RESOURCES, (text) => run.progress(text));
  const command = run.stack.use(await startProgram('command', data));
  const bare = run.stack.use(new Remote<BareFastify>('processes/bare-fastify.js'));
  const port = await bare.call('listen', { file: join(run.folder, 'floor') });
  return {
    load: run.stack.use(new Remote<HttpLoad>('processes/http-load.js')),
    ours: { port: command.http, path: COMMAND_PATH },
    floor: { port, path: barePath },
  };
}

/** The last percent takes twice as long to be compiled. */
async function warmUp(load: Remote<HttpLoad>, endpoints: Endpoint[]): Promise<void> {
  for (const to of endpoints) await load.call('latencies', { to, count: 2 * WARM_UP, resources: RESOURCES });
}
