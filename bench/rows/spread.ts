import { join } from 'node:path';
import { monotonic } from '../harness/monotonic.js';
import { lastReached, startPipeline, type Pipeline } from '../harness/pipeline.js';
import { RawHttp } from '../harness/raw-http.js';
import { RawNats } from '../harness/raw-nats.js';
import type { Comparison, Row, Run } from '../harness/row.js';
import { switchWebsockets } from '../harness/switch-websockets.js';

const BYTES = 200;
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
  const ours = await upgate({ ...run, stack, folder: join(run.folder, `${nodes}`) }, nodes);
  const theirs = await RawNats.start(stack, nodes);
  const samples = { ours: [] as number[], theirs: [] as number[] };
  for (let i = 0; i < (run.quick ? 20 : 60); i += 1) {
    samples.theirs.push(await theirs.publish([Buffer.alloc(BYTES)]));
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

/** The split system with so many nodes, and what changes a setting there. */
export async function upgate(run: Run, nodes: number): Promise<Change> {
  return changesOf(await startPipeline(run, { resources: 1, nodes }), run.stack);
}

/** What changes a setting of a system that runs. */
export async function changesOf(pipeline: Pipeline, stack: AsyncDisposableStack): Promise<Change> {
  const http = await RawHttp.connect(pipeline.command.http);
  stack.defer(() => http.close());
  return async (enabled) => {
    const started = monotonic();
    return (await lastReached(pipeline, await switchWebsockets(http, enabled))) - started;
  };
}
