import { join } from 'node:path';
import { encodeEntry } from '#settings';
import type { Footprint } from '../harness/footprint.js';
import { startPipeline, type Pipeline } from '../harness/pipeline.js';
import { RawHttp } from '../harness/raw-http.js';
import { Remote } from '../harness/remote.js';
import type { Comparison, Row, Run } from '../harness/row.js';
import { launchNats } from '../harness/servers.js';
import { settingsOf } from '../harness/settings.js';
import { median } from '../harness/statistics.js';
import { switchWebsockets } from '../harness/switch-websockets.js';
import { fillBucket, openBucket } from '../peers/jetstream-kv.js';
import type { KvNode } from '../peers/kv-node.js';
import type { NewNode } from '../processes/new-node.js';

const SIZES = [10_000, 100_000, 1_000_000];
const PEER = 'JetStream KV watch';
const NOTE =
  'The node has the parts of an agent, with its proxy and its disk, and the policy is on that disk; the peer keeps ' +
  'plain objects in a Map, parsed from the same records. Both are new processes that have connected twice, without a ' +
  'policy. Before each round a setting changes.';

/** A node that knows nothing yet, until it enforces the policy of all resources. */
export const newNode: Row = {
  name: 'new-node',
  title: 'A new node until it enforces all of 10,000, 100,000 and 1,000,000 resources',
  async measure(run) {
    const comparisons: Comparison[] = [];
    for (const resources of run.quick ? SIZES.slice(0, 2) : SIZES)
      comparisons.push(...(await compare(run, resources)));
    return comparisons;
  },
};

async function compare(run: Run, resources: number): Promise<Comparison[]> {
  await using stack = new AsyncDisposableStack();
  const folder = join(run.folder, `${resources}`);
  const theirs = await startKv({ ...run, stack, folder }, resources);
  const ours = await startOurs({ ...run, stack, folder }, resources);
  const samples = { ours: [] as Footprint[], theirs: [] as Footprint[] };
  for (let round = 1; round <= run.rounds; round += 1) {
    samples.theirs.push(await theirs());
    samples.ours.push(await ours(round));
    run.progress(`${resources} resources, round ${round} of ${run.rounds}`);
  }
  return comparisonsOf(resources, samples);
}

/** A bucket with a record for each resource; what a new node there costs. */
async function startKv(run: Run, resources: number): Promise<() => Promise<Footprint>> {
  const { url } = await launchNats(run.stack, ['-js', '-sd', join(run.folder, 'jetstream')]);
  const put = await openBucket(url, run.stack);
  run.progress(`${resources} resources are put into JetStream KV`);
  await fillBucket(url, records(resources), (text) => run.progress(text));
  const [first] = [...records(1)];
  return async () => {
    await put(first![1], first![0]);
    await using node = new Remote<KvNode>('peers/kv-node.js');
    return await node.call('join', { url, hostnames: resources });
  };
}

function records(resources: number): IteratorObject<[string, Buffer]> {
  return settingsOf(resources).map((entry) => [entry.resource, encodeEntry(entry)]);
}

async function startOurs(run: Run, resources: number): Promise<(round: number) => Promise<Footprint>> {
  run.progress(`the read side takes ${resources} resources`);
  const pipeline = await startPipeline(run, { resources, nodes: 1 });
  const http = await RawHttp.connect(pipeline.command.http);
  run.stack.defer(() => http.close());
  return async (round) => {
    const position = await switchWebsockets(http, round % 2 === 0);
    return joined(pipeline, join(run.folder, `node-${round}`), position);
  };
}

async function joined({ nats, fleet }: Pipeline, folder: string, position: bigint): Promise<Footprint> {
  await fleet.all('reached', { position });
  await using node = new Remote<NewNode>('processes/new-node.js');
  return await node.call('join', { url: nats.url, fleet: 'bench', folder, position });
}

function comparisonsOf(
  resources: number,
  { ours, theirs }: { ours: Footprint[]; theirs: Footprint[] },
): Comparison[] {
  const size = resources.toLocaleString('en');
  const against = (of: (footprint: Footprint) => number) => ({ name: PEER, samples: theirs.map(of) });
  const perHostname = ({ memoryBytes }: Footprint) => memoryBytes / resources;
  const peers = Math.round(median(theirs.map(perHostname)));
  return [
    {
      case: `${size}, until enforced`,
      unit: 'ms',
      ours: ours.map(({ ms }) => ms),
      against: against(({ ms }) => ms),
      target: { atMost: 1 / 5 },
      note: NOTE,
    },
    {
      case: `${size}, on the wire`,
      unit: 'bytes',
      ours: ours.map(({ wireBytes }) => wireBytes),
      against: against(({ wireBytes }) => wireBytes),
      target: { atMost: 1 / 8 },
      note: 'As TCP carries them, the protocol of NATS included.',
    },
    {
      case: `${size}, memory a hostname`,
      unit: 'bytes',
      ours: ours.map(perHostname),
      target: { atMost: 200 },
      note: `On the heap and off it, after garbage was collected; the Map of ${PEER} takes ${peers}.`,
    },
  ];
}
