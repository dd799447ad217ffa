import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { monotonic } from '../harness/monotonic.js';
import { startPipeline, type Pipeline } from '../harness/pipeline.js';
import { RawHttp } from '../harness/raw-http.js';
import type { Comparison, Row, Run } from '../harness/row.js';
import type { Running } from '../harness/servers.js';
import { percentile } from '../harness/statistics.js';
import { switchWebsockets } from '../harness/switch-websockets.js';

const RESOURCES = 100;
const NODES = 10_000;
/** Of the nodes, those that come back with nothing, as a replaced machine would. */
const FORGETFUL = 0.1;
const LAST_CURRENT_MS = 60_000;
const PROJECTION_GROWTH_BYTES = 512 * 1024 * 1024;

/** All nodes lose NATS and come back at once, while the settings have changed. */
export const herd: Row = {
  name: 'herd',
  title: 'The whole fleet loses NATS and comes back at once',
  async measure(run) {
    const nodes = run.quick ? NODES / 10 : NODES;
    const pipeline = await startPipeline(run, { resources: RESOURCES, nodes });
    const { projection, fleet } = pipeline;
    const before = await residentPeak(projection);
    const { backAt, position } = await cut(run, pipeline, nodes * FORGETFUL);
    const times = (await fleet.all('reached', { position })).flat();
    const after = await residentPeak(projection);
    const snapshots = await fleet.all('snapshots', {});
    const note = `${nodes} nodes; ${snapshots.reduce((sum, count) => sum + count, 0)} snapshots fetched in all, first joins included`;
    const waited = times.map((at) => at - backAt);
    return [
      ...[0.5, 0.99, 1].map((p) => current(p, waited, note)),
      {
        case: "growth of the projection's peak memory",
        unit: 'bytes' as const,
        ours: [after - before],
        target: { atMost: PROJECTION_GROWTH_BYTES },
        note,
      },
    ];
  },
};

function current(p: number, waited: number[], note: string): Comparison {
  const what = p === 1 ? 'until the last node is current' : `until ${p * 100} % are current`;
  return { case: what, unit: 'ms', ours: [percentile(waited, p)], target: { atMost: LAST_CURRENT_MS }, note };
}

/** Kills the nats-server, changes a setting, lets some nodes forget all, and starts the server again. */
async function cut(
  run: Run,
  { nats, command, fleet }: Pipeline,
  forgetful: number,
): Promise<{ backAt: number; position: bigint }> {
  await nats.stop();
  await fleet.all('cutOff', {});
  await fleet.share('forget', forgetful, ({ count }) => ({ count }));
  const http = await RawHttp.connect(command.http);
  const position = await switchWebsockets(http, false);
  http.close();
  run.progress('no node is connected; NATS comes back');
  const backAt = monotonic();
  await nats.start();
  return { backAt, position };
}

/** Bytes of memory that the process has had at most at any time. */
async function residentPeak({ program }: Running): Promise<number> {
  const status = await readFile(join('/proc', `${program.pid}`, 'status'), 'utf8');
  return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) * 1_024;
}
