import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { monotonic } from '../harness/monotonic.js';
import { Remotes } from '../harness/remotes.js';
import type { Comparison, Row, Run } from '../harness/row.js';
import { launchNats } from '../harness/servers.js';
import { WARM_UP } from '../harness/warm-up.js';
import { launchEtcd, openEtcd } from '../peers/etcd.js';
import { openBucket } from '../peers/jetstream-kv.js';
import type { Watchers } from '../peers/watchers.js';
import { upgate, type Change } from './spread.js';

const NODES = 1_000;
const BYTES = 200;
const FIRST_CHANGES = 4;
/** What a peer's watchers still send after a change is not to hold up the next in turn, nor what ours do. */
const SETTLE_MS = 200;
const TARGET = { atMost: 0.5 };

/** A command until it is applied at the last node, against a put at stores that can be watched. */
export const spreadPeers: Row = {
  name: 'spread-peers',
  title: 'From a command sent to applied at the last of 1,000 nodes',
  async measure(run) {
    const changes = {
      ours: await upgate({ ...run, folder: join(run.folder, 'upgate') }, NODES),
      kv: await jetStreamKv(run),
      etcd: await etcd(run),
    };
    const samples = { ours: [] as number[], kv: [] as number[], etcd: [] as number[] };
    const count = FIRST_CHANGES + (run.quick ? 16 : 60);
    for (let i = 0; i < count; i += 1) {
      for (const side of ['etcd', 'kv', 'ours'] as const) {
        samples[side].push(await changes[side](i % 2 === 1));
        await delay(SETTLE_MS);
      }
    }
    return [
      comparison(
        'JetStream KV',
        samples.ours,
        samples.kv,
        'Kept in files, which nats-server does not sync at each put.',
      ),
      comparison('etcd', samples.ours, samples.etcd, 'A single etcd, which syncs its log at each put.'),
    ];
  },
};

function comparison(name: string, ours: number[], theirs: number[], about: string): Comparison {
  return {
    case: `${NODES} nodes, ${name}`,
    unit: 'ms',
    ours: ours.slice(FIRST_CHANGES),
    against: { name: `${name} put`, samples: theirs.slice(FIRST_CHANGES) },
    target: TARGET,
    note: `${about} Each of its watchers has a connection of its own, as our nodes.`,
  };
}

async function jetStreamKv(run: Run): Promise<Change> {
  const { url } = await launchNats(run.stack, ['-js', '-sd', join(run.folder, 'jetstream')]);
  return watched(run, 'peers/kv-watchers.js', url, await openBucket(url, run.stack));
}

async function etcd(run: Run): Promise<Change> {
  const url = await launchEtcd(join(run.folder, 'etcd'), run.stack);
  return watched(run, 'peers/etcd-watchers.js', url, openEtcd(url, run.stack));
}

async function watched(
  run: Run,
  module: string,
  url: string,
  put: (value: Buffer) => Promise<void>,
): Promise<Change> {
  for (let i = 0; i < WARM_UP; i += 1) await put(Buffer.alloc(BYTES));
  const started = monotonic();
  const watchers = new Remotes<Watchers>(module, run.stack);
  await watchers.share('start', NODES, ({ count }) => ({ url, count }));
  run.progress(`${NODES} watchers of ${module} began in ${Math.round(monotonic() - started)} ms`);
  let messages = 0;
  return async () => {
    const sent = monotonic();
    await put(Buffer.alloc(BYTES));
    messages += 1;
    return Math.max(...(await watchers.all('received', { messages })).flat()) - sent;
  };
}
