import { copyFile, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { CommandAnswerJson, EdgeJson } from '#contract';
import { logFile } from '#event-store';
import { eventually } from '../support/condition.js';
import { EdgeAgent } from '../support/edge-agent.js';
import { handshakeStatus } from '../support/edge-client.js';
import { NatsServer } from '../support/nats.js';
import { Service } from '../support/split.js';

/** The log and the last good policy of a node as version 1 left them; the node lacks the last event of the log. */
const GOLDEN = join(import.meta.dirname, '../golden/version-1');

let parts: AsyncDisposableStack;
let data: string;
let nats: NatsServer;

beforeEach(async () => {
  parts = new AsyncDisposableStack();
  data = await mkdtemp(join(tmpdir(), 'upgate-data-'));
  parts.defer(() => rm(data, { recursive: true }));
  nats = await NatsServer.launch();
  parts.defer(() => nats.stop());
});
afterEach(() => parts.disposeAsync());

async function layLog(): Promise<void> {
  await mkdir(join(data, 'log'));
  const database = new DatabaseSync(logFile(data));
  database.exec(await readFile(join(GOLDEN, 'log.sql'), 'utf8'));
  database.close();
}

async function layPolicy(): Promise<void> {
  const folder = join(data, 'edge', 'edge-1');
  await mkdir(folder, { recursive: true });
  for (const file of ['policy.snapshot', 'policy.journal'])
    await copyFile(join(GOLDEN, file), join(folder, file));
}

async function start(app: string): Promise<Service> {
  const service = await Service.start(`apps/${app}/src/main.js`, {
    UPGATE_DATA: data,
    UPGATE_NATS: nats.url,
  });
  parts.defer(() => service.program.kill());
  return service;
}

it(
  'what version 1 left on disk is read: the node enforces it, then gets what it lacks',
  { timeout: 60_000 },
  async () => {
    await layPolicy();
    const agent = await EdgeAgent.start('edge-1', nats.url, data);
    parts.defer(() => agent.program.kill());
    await agent.ready();
    expect(await handshakeStatus(agent.edge, 'a.shop.test')).toBe(403);
    expect(await handshakeStatus(agent.edge, 'static.test')).toBe(403);
    expect(await handshakeStatus(agent.edge, 'gone.test')).toBe(421);

    await layLog();
    const [command, projection] = [await start('command'), await start('projection')];
    await eventually('the node to have the settings of the log', async () => {
      const { items } = await projection.json<{ items: EdgeJson[] }>('/v1/edges');
      return items.some(({ verdict, position }) => verdict === 'same' && position === '11');
    });
    const metrics = await (await fetch(`${agent.health}/metrics`)).text();
    expect(metrics).toMatch(/upgate_edge_syncs_total\{.*result="snapshot".*\} 0/);

    const again = await command.fetch('/v1/resources/static/websockets', {
      method: 'PUT',
      headers: { 'content-type': 'application/json', 'idempotency-key': 'ticket-1' },
      body: '{"enabled":true}',
    });
    expect((await again.json()) as CommandAnswerJson).toMatchObject({ position: '11', revision: 2 });
  },
);
