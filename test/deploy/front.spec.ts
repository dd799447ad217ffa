import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { CommandAnswerJson, HistoryItemJson } from '#contract';
import { eventually } from '../support/condition.js';
import { GrpcClient } from '../support/grpc-client.js';
import { NatsServer } from '../support/nats.js';
import { Service } from '../support/split.js';
import { Front } from './front.js';

/** What HAProxy answers in the place of a process that it has lost. */
const LOST = [502, 503, 504];

let folder: string;
let nats: NatsServer;
let services: Record<string, Service>;
let front: Front;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'upgate-behind-'));
  nats = await NatsServer.launch();
  services = {};
  for (const name of ['command-1', 'command-2', 'projection-1', 'projection-2']) await start(name);
  front = await Front.start(services);
});

afterAll(async () => {
  await front.stop();
  await Promise.all(Object.values(services).map(({ program }) => program.kill()));
  await nats.stop();
  await rm(folder, { recursive: true });
});

async function start(name: string): Promise<void> {
  const [app] = name.split('-');
  services[name] = await Service.start(`apps/${app}/src/main.js`, {
    UPGATE_DATA: folder,
    UPGATE_NATS: nats.url,
    UPGATE_READ_MODEL: join(folder, name),
  });
}

/** As a client should: with a key, and again with the same when a process was lost on the way. */
async function command(method: string, path: string, body: object, key: string): Promise<CommandAnswerJson> {
  return eventually(`an answer to ${method} ${path}`, async () => {
    const headers = { 'content-type': 'application/json', 'idempotency-key': key };
    const response = await front.fetch(path, { method, headers, body: JSON.stringify(body) });
    if (LOST.includes(response.status)) return undefined;
    expect(response.ok).toBe(true);
    return (await response.json()) as CommandAnswerJson;
  });
}

/** As seen by whichever projection is asked, once it has got as far as `position`. */
async function history(position: string): Promise<HistoryItemJson[]> {
  return eventually('the history', async () => {
    const response = await front.fetch(`/v1/resources/shop/history?after=${position}&limit=1000`);
    if (LOST.includes(response.status)) return undefined;
    expect(response.status).toBe(200);
    return ((await response.json()) as { items: HistoryItemJson[] }).items;
  });
}

it('keeps taking commands and queries when a process of each kind dies', { timeout: 90_000 }, async () => {
  const shop = { id: 'shop', cname: 'shop.test', origin: 'http://127.0.0.1:9', integration: 'full' };
  await command('POST', '/v1/resources', shop, 'create');
  const seen: number[] = [];
  const stop = new AbortController();
  const writing = (async () => {
    for (let n = 0; !stop.signal.aborted; n += 1) {
      const { position } = await command(
        'PUT',
        '/v1/resources/shop/websockets',
        { enabled: n % 2 === 1 },
        `${n}`,
      );
      seen.push((await history(position)).length);
    }
  })();
  for (const name of ['command-1', 'projection-1', 'command-2', 'projection-2']) {
    const before = seen.length;
    await eventually('commands under way', () => seen.length > before + 5);
    await services[name]!.program.kill();
    const killed = seen.length;
    await eventually(`commands without ${name}`, () => seen.length > killed + 20);
    await services[name]!.restart();
  }
  stop.abort();
  await writing;
  expect(seen).toEqual(seen.map((_, index) => index + 2));
});

it('leads every request to the side that serves it', { timeout: 90_000 }, async () => {
  const chat = { id: 'chat', cname: 'chat.test', origin: 'http://127.0.0.1:9', integration: 'full' };
  const { position } = await command('POST', '/v1/resources', chat, 'chat');
  const statusOf = async (path: string, method = 'GET') => (await front.fetch(path, { method })).status;
  expect(await statusOf(`/v1/resources/chat?after=${position}`)).toBe(200);
  expect(await statusOf('/v1/edges')).toBe(200);
  const forgotten = await front.fetch('/v1/edges/nobody', { method: 'DELETE' });
  expect(await forgotten.json()).toMatchObject({ code: 'edge_unknown' });
  expect(await statusOf('/docs-json')).toBe(200);
  expect(await statusOf('/v1/resources/chat/websockets', 'DELETE')).toBe(200);

  const commands = new GrpcClient(front.grpc, 'upgate.v1.CommandService', 'upgate/v1/command_service.proto');
  const queries = new GrpcClient(front.grpc, 'upgate.v1.QueryService', 'upgate/v1/query_service.proto');
  try {
    const off = await commands.call<{ position: string }>('SetWebsockets', { id: 'chat', enabled: false });
    const answer = await queries.call('GetWebsockets', { id: 'chat' }, { after: off.position });
    expect(answer).toMatchObject({ websockets: { enabled: false } });
  } finally {
    commands.close();
    queries.close();
  }
});
