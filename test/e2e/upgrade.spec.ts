import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { CommandAnswerJson, EdgeJson, HistoryItemJson } from '#contract';
import { Front } from '../deploy/front.js';
import { eventually } from '../support/condition.js';
import { EdgeAgent } from '../support/edge-agent.js';
import { NatsServer } from '../support/nats.js';
import { Service } from '../support/split.js';

const NAMES = ['projection-1', 'projection-2', 'command-1', 'command-2'];
const IDS = ['r0', 'r1', 'r2'];

let parts: AsyncDisposableStack;
let folder: string;
let services: Record<string, Service>;
let agent: EdgeAgent;
let front: Front;

beforeEach(async () => {
  parts = new AsyncDisposableStack();
  folder = await mkdtemp(join(tmpdir(), 'upgate-upgrade-'));
  parts.defer(() => rm(folder, { recursive: true }));
  const nats = await NatsServer.launch();
  parts.defer(() => nats.stop());
  services = {};
  for (const name of NAMES) services[name] = await startService(name, nats.url);
  agent = await EdgeAgent.start('edge-1', nats.url, join(folder, 'edge-1'));
  parts.defer(() => agent.program.kill());
  await agent.ready();
  front = await Front.start(services);
  parts.defer(() => front.stop());
}, 60_000);
afterEach(() => parts.disposeAsync());

async function startService(name: string, nats: string): Promise<Service> {
  const service = await Service.start(`apps/${name.split('-')[0]}/src/main.js`, {
    UPGATE_DATA: folder,
    UPGATE_NATS: nats,
    UPGATE_READ_MODEL: join(folder, name),
    UPGATE_STOP_DELAY: '5s',
  });
  parts.defer(() => service.program.kill());
  return service;
}

/** Throws unless the first attempt succeeds: what is told to stop must not be missed. */
async function ask<Answer>(method: string, path: string, body?: object): Promise<Answer> {
  const response = await front.fetch(path, {
    method,
    ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${method} ${path} gave ${response.status} ${await response.text()}`);
  return (await response.json()) as Answer;
}

/** Switches a resource on and off, and reads its history after each time; gives how often. */
async function switchOn(id: string, stop: AbortSignal, onDone: () => void): Promise<number> {
  let switched = 0;
  while (!stop.aborted) {
    const path = `/v1/resources/${id}/websockets?wait=applied&timeout=15s`;
    const { position, convergence } = await ask<CommandAnswerJson>('PUT', path, {
      enabled: switched % 2 === 1,
    });
    expect(convergence).toMatchObject({ status: 'applied', required: 1 });
    switched += 1;
    const { items } = await ask<{ items: HistoryItemJson[] }>(
      'GET',
      `/v1/resources/${id}/history?after=${position}&limit=1000`,
    );
    expect(items).toHaveLength(switched + 1);
    onDone();
  }
  return switched;
}

/** Makes the read model one that another version has left. */
function ageReadModel(name: string): void {
  const database = new DatabaseSync(join(folder, name, 'read-model.sqlite'));
  database.exec('DROP TABLE history; PRAGMA user_version = 1');
  database.close();
}

/** The load balancer has taken it in again. */
const isUsed = (service: Service) =>
  eventually('requests to come', () => service.program.lines.some(({ msg }) => msg === 'request'));

it(
  'processes that are replaced one by one under load cost no request and no change, read models that are rebuilt included',
  { timeout: 120_000 },
  async () => {
    for (const id of IDS)
      await ask('POST', '/v1/resources?wait=applied', {
        id,
        cname: `${id}.test`,
        origin: 'http://127.0.0.1:9',
        integration: 'full',
      });
    const stop = new AbortController();
    let done = 0;
    const work = Promise.all(IDS.map((id) => switchOn(id, stop.signal, () => (done += 1))));
    work.catch(() => stop.abort());
    for (const name of NAMES) {
      const service = services[name]!;
      const before = done;
      await eventually('requests under way', () => stop.signal.aborted || done > before + 10);
      expect(await service.program.stop()).toBe(0);
      if (name.startsWith('projection')) ageReadModel(name);
      await service.restart();
      await isUsed(service);
    }
    stop.abort();
    await work;

    for (const name of ['projection-1', 'projection-2']) {
      const { program } = services[name]!;
      expect(program.lines).toContainEqual(
        expect.objectContaining({
          msg: 'the read model is rebuilt from the log',
          reason: expect.stringContaining('version 1') as string,
        }),
      );
      const { items } = await services[name]!.json<{ items: EdgeJson[] }>('/v1/edges');
      expect(items).toMatchObject([{ state: 'live', verdict: 'same' }]);
      expect(await services[name]!.metric('upgate_projection_disputed_heads_total')).toBe(0);
    }
  },
);
