import { batchBody, positionAfter, postLines } from '../harness/batch.js';
import { FeedTap } from '../harness/feed-tap.js';
import { monotonic } from '../harness/monotonic.js';
import { lastReached, nodesNote, processorOf, startPipeline, type Pipeline } from '../harness/pipeline.js';
import { RawNats } from '../harness/raw-nats.js';
import type { Comparison, Row } from '../harness/row.js';

const CHANGES = 1_000;
const NODES = 100;
const WARM_UP = 3;

const CASES = {
  recorded:
    'The read side is stopped while the commands are recorded, and counted from when it goes on: reading the log, ' +
    'the fan-out and the work of the nodes.',
  sent: 'Counted from one batch sent over HTTP: its 1,000 durable commands are included, which NATS does not do.',
};

type From = keyof typeof CASES;

/** A thousand changes at once until the last node has them all, against NATS with the same messages. */
export const burst: Row = {
  name: 'burst',
  title: '1,000 changes at once until applied at the last of 100 nodes',
  async measure(run) {
    const pipeline = await startPipeline(run, { resources: CHANGES, nodes: NODES });
    const tap = await FeedTap.open(pipeline.nats, run.stack);
    const raw = await RawNats.start(run.stack, NODES);
    const comparisons = [];
    const count = WARM_UP + 2 * run.rounds;
    for (const from of ['recorded', 'sent'] as const) {
      const samples = { ours: [] as number[], theirs: [] as number[] };
      const before = await processorOf(pipeline.fleet);
      for (let i = 0; i < count; i += 1) {
        samples.ours.push(await measures[from](pipeline, (comparisons.length + i) % 2 === 1));
        samples.theirs.push(await raw.publish(await tap.taken()));
      }
      run.progress(`counted from when they are ${from}`);
      const note = `${CASES[from]} ${await nodesNote(pipeline, NODES, count, before)}`;
      comparisons.push(comparison(from, samples, note));
    }
    return comparisons;
  },
};

const measures: Record<From, (pipeline: Pipeline, enabled: boolean) => Promise<number>> = {
  async recorded(pipeline, enabled) {
    const { projection, command } = pipeline;
    projection.program.signal('SIGSTOP');
    const position = positionAfter(await postLines(command.http, batchBody(CHANGES, enabled)));
    const started = monotonic();
    projection.program.signal('SIGCONT');
    return (await lastReached(pipeline, position)) - started;
  },
  async sent(pipeline, enabled) {
    const body = batchBody(CHANGES, enabled);
    const started = monotonic();
    const position = positionAfter(await postLines(pipeline.command.http, body));
    return (await lastReached(pipeline, position)) - started;
  },
};

function comparison(
  from: From,
  { ours, theirs }: { ours: number[]; theirs: number[] },
  note: string,
): Comparison {
  return {
    case: `from when they are ${from}`,
    unit: 'ms',
    ours: ours.slice(WARM_UP),
    against: { name: 'raw NATS, same bytes', samples: theirs.slice(WARM_UP) },
    target: { atMost: 1.5 },
    note,
  };
}
