import type { Row } from '../harness/row.js';
import { WARM_UP_MS } from '../harness/warm-up.js';
import { startHttp } from './command-latency.js';

const CONNECTIONS = 256;

/** Durable commands a second over HTTP, many at once. */
export const commandThroughput: Row = {
  name: 'command-throughput',
  title: 'Durable commands over HTTP, 256 at once',
  async measure(run) {
    const { load, ours, floor } = await startHttp(run, '/answer');
    const ms = run.quick ? 1_000 : 3_000;
    const samples = { ours: [] as number[], floor: [] as number[] };
    for (const to of [ours, floor])
      await load.call('throughput', { to, connections: CONNECTIONS, ms: WARM_UP_MS });
    for (let round = 1; round <= run.rounds; round += 1) {
      run.progress(`round ${round} of ${run.rounds}`);
      samples.floor.push(await load.call('throughput', { to: floor, connections: CONNECTIONS, ms }));
      samples.ours.push(await load.call('throughput', { to: ours, connections: CONNECTIONS, ms }));
    }
    const against = { name: 'bare Fastify', samples: samples.floor };
    return [{ case: '256 at once', unit: '/s', ours: samples.ours, against, target: { atLeast: 0.6 } }];
  },
};
