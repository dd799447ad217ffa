import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CommandAnswerJson, EdgeJson } from '#contract';
import { NatsCluster } from '../deploy/nats-cluster.js';
import { eventually } from '../support/condition.js';
import { EdgeAgent } from '../support/edge-agent.js';
import { Program } from '../support/program.js';
import { Service } from '../support/split.js';

const NODES = ['edge-1', 'edge-2', 'edge-3'];
const IDS = ['r0', 'r1', 'r2', 'r3'];
const MOVE_WITHIN_MS = 2_000;

let cluster: NatsCluster;
let command: Service;
let projections: Service[];
let agents: EdgeAgent[];

beforeEach(async () => {
  cluster = await NatsCluster.start();
  const data = { UPGATE_DATA: join(cluster.folder, 'control') };
  command = await Service.start('apps/command/src/main.js', { ...data, ...(await cluster.env('command')) });
  projections = [];
  agents = [];
  for (const name of ['projection-1', 'projection-2']) {
    const env = {
      ...data,
      ...(await cluster.env('projection')),
      UPGATE_READ_MODEL: join(cluster.folder, name),
    };
    projections.push(await Service.start('apps/projection/src/main.js', env));
  }
  for (const node of NODES)
    agents.push(await EdgeAgent.start(node, '', join(cluster.folder, node), await cluster.env(node)));
  await Promise.all(agents.map((agent) => agent.ready()));
  await allSame();
}, 60_000);

afterEach(async () => {
  await Promise.all(programs().map((program) => program.kill()));
  await cluster.stop();
});

const programs = (): Program[] => [command, ...projections, ...agents].map(({ program }) => program);

/** Every projection sees every node live, with the control plane's settings. */
async function allSame(): Promise<void> {
  for (const projection of projections)
    await eventually('all nodes with the same settings', async () => {
      const { items } = await projection.json<{ items: EdgeJson[] }>('/v1/edges');
      return (
        items.filter(({ state, verdict }) => state === 'live' && verdict === 'same').length === NODES.length
      );
    });
}

/** Throws unless the command is accepted, and applied by every node. */
async function send(method: string, path: string, body: object): Promise<void> {
  const response = await command.fetch(`${path}?wait=applied&timeout=15s`, {
    method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  expect(response.ok).toBe(true);
  const { convergence } = (await response.json()) as CommandAnswerJson;
  expect(convergence).toMatchObject({ status: 'applied', required: NODES.length, missing: [] });
}

/** Switches every resource on and off, without a pause, until it is told to stop. Counts what was applied. */
function writeOn(): { applied: () => number; stop: () => Promise<void> } {
  const stop = new AbortController();
  let applied = 0;
  const writers = IDS.map(async (id) => {
    for (let enabled = false; !stop.signal.aborted; enabled = !enabled) {
      await send('PUT', `/v1/resources/${id}/websockets`, { enabled });
      applied += 1;
    }
  });
  const work = Promise.all(writers);
  let failure: Error | undefined;
  work.catch((cause: unknown) => {
    failure = new Error('a writer has failed', { cause });
    stop.abort();
  });
  return {
    applied: () => {
      if (failure) throw failure;
      return applied;
    },
    stop: async () => {
      stop.abort();
      await work;
    },
  };
}

async function snapshotsTaken(): Promise<number> {
  const texts = await Promise.all(
    agents.map(async ({ health }) => (await fetch(`${health}/metrics`)).text()),
  );
  const counts = texts.map((text) =>
    Number(/^upgate_edge_syncs_total\{.*result="snapshot".*\} (\d+)/m.exec(text)?.[1]),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

/** How long after a moment a program said that it is connected again. */
async function movedAfter(program: Program, since: number): Promise<number> {
  const line = await eventually('the program to be connected again', () =>
    program.lines.find(({ msg, time }) => msg === 'NATS connected' && Number(time) >= since),
  );
  return Number(line['time']) - since;
}

describe('a cluster of three NATS servers', { timeout: 90_000 }, () => {
  beforeEach(async () => {
    for (const id of IDS)
      await send('POST', '/v1/resources', {
        id,
        cname: `${id}.test`,
        origin: 'http://127.0.0.1:9',
        integration: 'full',
      });
  });

  it('may lose any one: its clients move within 2 s, and nothing is missed', async () => {
    const snapshots = await snapshotsTaken();
    const writing = writeOn();
    let moves = 0;
    for (const server of cluster.servers) {
      const clients = programs().filter((program) => cluster.serverOf(program) === server);
      const before = writing.applied();
      await eventually('commands under way', () => writing.applied() > before + 8);
      const since = Date.now();
      await cluster.kill(server);
      for (const client of clients) expect(await movedAfter(client, since)).toBeLessThan(MOVE_WITHIN_MS);
      moves += clients.length;
      const killed = writing.applied();
      await eventually('commands to be applied without it', () => writing.applied() > killed + 8);
      await cluster.restart(server);
    }
    await writing.stop();
    await allSame();
    expect(moves).toBeGreaterThan(0);
    expect(await snapshotsTaken()).toBe(snapshots);
  });

  it('may have one that hangs: its clients leave it, and all is current again', async () => {
    const server = cluster.serverOf(agents[0]!.program)!;
    cluster.signal(server, 'SIGSTOP');
    await eventually('all clients to have left it', () =>
      programs().every((program) => ![server, undefined].includes(cluster.serverOf(program))),
    );
    await eventually(
      'a command to be applied without it',
      () =>
        send('PUT', '/v1/resources/r0/websockets', { enabled: false }).then(
          () => true,
          () => false,
        ),
      45_000,
    );
    cluster.signal(server, 'SIGCONT');
    await allSame();
  });
});
