import { join } from 'node:path';
import { batchBody, positionAfter, postLines } from '../harness/batch.js';
import { FeedTap } from '../harness/feed-tap.js';
import { monotonic } from '../harness/monotonic.js';
import { lastReached, nodesNote, processorOf, startPipeline } from '../harness/pipeline.js';
import { RawNats } from '../harness/raw-nats.js';
import { Remote } from '../harness/remote.js';
import type { Row } from '../harness/row.js';
import type { BareFastify } from '../processes/bare-fastify.js';

const ITEMS = 10_000;
const NODES = 100;
const WARM_UP = 2;
const NOTE =
  'The floors, one after the other: Fastify parses the lines of the same body and writes and syncs each 256 of them, ' +
  'as many as a batch has under way; then NATS carries the bytes of the feed to as many subscribers.';

/** The largest batch until all nodes have it. */
export const batch: Row = {
  name: 'batch',
  title: 'A batch of 10,000 over HTTP until applied at all of 100 nodes',
  async measure(run) {
    const pipeline = await startPipeline(run, { resources: ITEMS, nodes: NODES });
    const tap = await FeedTap.open(pipeline.nats, run.stack);
    const raw = await RawNats.start(run.stack, NODES);
    const bare = run.stack.use(new Remote<BareFastify>('processes/bare-fastify.js'));
    const port = await bare.call('listen', { file: join(run.folder, 'floor') });
    const before = await processorOf(pipeline.fleet);
    const samples = { ours: [] as number[], theirs: [] as number[] };
    for (let i = 0; i < WARM_UP + run.rounds; i += 1) {
      const body = batchBody(ITEMS, i % 2 === 1);
      const sent = monotonic();
      const position = positionAfter(await postLines(pipeline.command.http, body));
      samples.ours.push((await lastReached(pipeline, position)) - sent);
      const parsed = monotonic();
      await postLines(port, body, '/lines');
      samples.theirs.push(monotonic() - parsed + (await raw.publish(await tap.taken())));
      run.progress(`round ${i + 1} of ${WARM_UP + run.rounds}`);
    }
    const against = { name: 'the sum of its floors', samples: samples.theirs.slice(WARM_UP) };
    const ours = samples.ours.slice(WARM_UP);
    const note = `${NOTE} ${await nodesNote(pipeline, NODES, WARM_UP + run.rounds, before)}`;
    return [{ case: '100 nodes', unit: 'ms', ours, against, target: { atMost: 2 }, note }];
  },
};
