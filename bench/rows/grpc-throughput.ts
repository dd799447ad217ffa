import { join } from 'node:path';
import { Remote } from '../harness/remote.js';
import type { Row } from '../harness/row.js';
import { seedLog } from '../harness/seed-log.js';
import { startProgram } from '../harness/servers.js';
import { WARM_UP_MS } from '../harness/warm-up.js';
import type { BareGrpc } from '../processes/bare-grpc.js';
import type { GrpcLoad } from '../processes/grpc-load.js';

const CALLS = 256;

/** Durable commands a second over gRPC, many at once. */
export const grpcThroughput: Row = {
  name: 'grpc-throughput',
  title: 'Durable commands over gRPC, 256 at once',
  async measure(run) {
    const data = join(run.folder, 'data');
    await seedLog(data, CALLS, (text) => run.progress(text));
    const command = run.stack.use(await startProgram('command', data));
    const bare = run.stack.use(new Remote<BareGrpc>('processes/bare-grpc.js'));
    const load = run.stack.use(new Remote<GrpcLoad>('processes/grpc-load.js'));
    const floor = await bare.call('listen', {});
    const ms = run.quick ? 1_000 : 3_000;
    const samples = { ours: [] as number[], floor: [] as number[] };
    for (const port of [command.grpc, floor])
      await load.call('throughput', { port, calls: CALLS, ms: WARM_UP_MS });
    for (let round = 1; round <= run.rounds; round += 1) {
      run.progress(`round ${round} of ${run.rounds}`);
      samples.floor.push(await load.call('throughput', { port: floor, calls: CALLS, ms }));
      samples.ours.push(await load.call('throughput', { port: command.grpc, calls: CALLS, ms }));
    }
    const against = { name: 'bare grpc-js', samples: samples.floor };
    return [{ case: '256 at once', unit: '/s', ours: samples.ours, against, target: { atLeast: 0.6 } }];
  },
};
