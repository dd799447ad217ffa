import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Program } from '../../test/support/program.js';
import { monotonic } from '../harness/monotonic.js';
import { Remote } from '../harness/remote.js';
import type { Comparison, Row } from '../harness/row.js';
import { seedLog } from '../harness/seed-log.js';
import type { ReadLog } from '../processes/read-log.js';

const EVENTS = 1_000_000;
const NOTE =
  'Both are new processes, from their start to their end, and the log is in the memory of the system. The rebuild also ' +
  'verifies the whole log before it begins.';

/** The read model anew from the log, as `npm run rebuild` makes it. */
export const rebuild: Row = {
  name: 'rebuild',
  title: 'Rebuild of the read model from 1,000,000 events',
  async measure(run) {
    const events = run.quick ? EVENTS / 10 : EVENTS;
    await seedLog(run.folder, events, (text) => run.progress(text));
    const samples = { ours: [] as number[], theirs: [] as number[] };
    for (let round = 1; round <= run.rounds; round += 1) {
      samples.theirs.push(events / (await secondsToRead(run.folder, events)));
      samples.ours.push(events / (await secondsToRebuild(run.folder, events)));
      run.progress(`round ${round} of ${run.rounds}`);
    }
    return comparisons(events, samples);
  },
};

async function secondsToRead(data: string, events: number): Promise<number> {
  const started = monotonic();
  await using reader = new Remote<ReadLog>('processes/read-log.js');
  const count = await reader.call('read', { file: join(data, 'log', 'events.sqlite') });
  if (count !== events) throw new Error(`${count} of ${events} events were read`);
  return (monotonic() - started) / 1_000;
}

async function secondsToRebuild(data: string, events: number): Promise<number> {
  const folder = join(data, 'read-model');
  const started = monotonic();
  const program = new Program('apps/projection/src/rebuild.js', {
    UPGATE_DATA: data,
    UPGATE_READ_MODEL: folder,
  });
  const code = await program.exited();
  const seconds = (monotonic() - started) / 1_000;
  if (code !== 0 || !program.said.includes(`after:  ${events} events, ${events} resources`))
    throw new Error(`the rebuild ended with code ${code}:\n${program.said}`);
  await rm(folder, { recursive: true });
  return seconds;
}

function comparisons(events: number, { ours, theirs }: { ours: number[]; theirs: number[] }): Comparison[] {
  const what = `${events.toLocaleString('en')} events`;
  const against = { name: 'reading the rows', samples: theirs };
  return [
    { case: what, unit: '/s', ours, against, target: { atLeast: 0.4 }, note: NOTE },
    { case: `${what}, as a number`, unit: '/s', ours, target: { atLeast: 200_000 }, note: NOTE },
  ];
}
