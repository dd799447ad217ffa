import { join } from 'node:path';
import { startPipeline } from '../harness/pipeline.js';
import { Remote } from '../harness/remote.js';
import type { Comparison, Row, Run } from '../harness/row.js';
import { median } from '../harness/statistics.js';
import type { GrpcLoad } from '../processes/grpc-load.js';
import type { HttpLoad } from '../processes/http-load.js';
import { COMMAND_PATH } from './command-latency.js';
import { changesOf } from './spread.js';

const SMALLEST = 1_000;
const LARGER = [100_000, 1_000_000];
const AT_ONCE = 256;
const FLAT = 1.2;
const NOTE =
  'Resources that get commands are spread over all. One node, as each holds the settings of every resource; the read ' +
  'side runs all the time.';

/** In the order in which a round takes them: the last one waits until the nodes have all that the others changed. */
const MEASURES = ['one at a time', 'HTTP, 256 at once', 'gRPC, 256 at once', 'spread to one node'] as const;
type Measure = (typeof MEASURES)[number];

/** The milliseconds or commands per second of a system of some size. */
type System = Record<Measure, () => Promise<number>>;
type Samples = Record<Measure, number[]>;

/** What a command costs when there are many resources, against the same with few. */
export const flatness: Row = {
  name: 'flatness',
  title: 'Commands and their spread at 1,000, 100,000 and 1,000,000 resources',
  async measure(run) {
    const sizes = [SMALLEST, ...(run.quick ? LARGER.slice(0, 1) : LARGER)];
    const systems: System[] = [];
    for (const size of sizes) systems.push(await startSystem(run, size));
    const samples = systems.map(noSamples);
    for (const system of systems) await sample(system, noSamples());
    for (let round = 1; round <= run.rounds; round += 1) {
      run.progress(`round ${round} of ${run.rounds}`);
      for (const [index, system] of systems.entries()) await sample(system, samples[index]!);
    }
    const [smallest, ...larger] = samples;
    return larger.flatMap((of, index) =>
      MEASURES.map((measure) => comparison(measure, sizes[index + 1]!, of, smallest!)),
    );
  },
};

function noSamples(): Samples {
  return {
    'one at a time': [],
    'HTTP, 256 at once': [],
    'gRPC, 256 at once': [],
    'spread to one node': [],
  };
}

async function sample(system: System, samples: Samples): Promise<void> {
  for (const measure of MEASURES) samples[measure].push(await system[measure]());
}

async function startSystem(run: Run, size: number): Promise<System> {
  run.progress(`a system of ${size} resources starts`);
  const folder = join(run.folder, `${size}`);
  const pipeline = await startPipeline({ ...run, folder }, { resources: size, nodes: 1 });
  const { http: port, grpc } = pipeline.command;
  const http = run.stack.use(new Remote<HttpLoad>('processes/http-load.js'));
  const calls = run.stack.use(new Remote<GrpcLoad>('processes/grpc-load.js'));
  const change = await changesOf(pipeline, run.stack);
  const stride = Math.floor(size / AT_ONCE);
  const to = { port, path: COMMAND_PATH, stride };
  const ms = run.quick ? 500 : 1_500;
  return {
    'one at a time': async () => median(await http.call('latencies', { to, count: 200, resources: AT_ONCE })),
    'HTTP, 256 at once': () => http.call('throughput', { to, connections: AT_ONCE, ms }),
    'gRPC, 256 at once': () => calls.call('throughput', { port: grpc, calls: AT_ONCE, ms, stride }),
    'spread to one node': async () => {
      const times = [];
      for (let i = 0; i < 8; i += 1) times.push(await change(i % 2 === 1));
      return median(times);
    },
  };
}

function comparison(measure: Measure, size: number, ours: Samples, smallest: Samples): Comparison {
  const perSecond = measure.endsWith('at once');
  return {
    case: `${measure}, ${size.toLocaleString('en')}`,
    unit: perSecond ? '/s' : 'ms',
    ours: ours[measure],
    against: { name: `the same at ${SMALLEST.toLocaleString('en')}`, samples: smallest[measure] },
    target: perSecond ? { atLeast: 1 / FLAT } : { atMost: FLAT },
    note: NOTE,
  };
}
