import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { status, type ServiceError } from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { HistoryItemJson } from '#contract';
import { eventually } from '../support/condition.js';
import { GrpcClient } from '../support/grpc-client.js';
import { NatsServer } from '../support/nats.js';
import { Service } from '../support/split.js';
import { Front } from './front.js';

/** What HAProxy answers in the place of a process that it has lost. */
const LOST = [502, 503, 504];

interface Done {
  position: string;
}

let folder: string;
let nats: NatsServer;
let services: Record<string, Service>;
let front: Front;
let commands: GrpcClient;
let queries: GrpcClient;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'upgate-behind-'));
  nats = await NatsServer.launch();
  services = {};
  for (const name of ['command-1', 'command-2', 'projection-1', 'projection-2']) await start(name);
  front = await Front.start(services);
  commands = new GrpcClient(front.grpc, 'upgate.v1.CommandService', 'upgate/v1/command_service.proto');
  queries = new GrpcClient(front.grpc, 'upgate.v1.QueryService', 'upgate/v1/query_service.proto');
});

afterAll(async () => {
  commands.close();
  queries.close();
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
    UPGATE_STOP_DELAY: '5s',
  });
}

/** As a client should: the same again, with the same key if it has one, when a process was lost on the way. */
function http<Answer extends object>(
  method: string,
  path: string,
  body?: object,
  key?: string,
): Promise<Answer> {
  return eventually(`an answer to ${method} ${path}`, async () => {
    const headers = {
      ...(body && { 'content-type': 'application/json' }),
      ...(key && { 'idempotency-key': key }),
    };
    const response = await front.fetch(path, {
      method,
      headers,
      ...(body && { body: JSON.stringify(body) }),
    });
    if (LOST.includes(response.status)) return undefined;
    expect(response.ok).toBe(true);
    return (await response.json()) as Answer;
  });
}

function grpc<Answer extends object>(
  client: GrpcClient,
  method: string,
  message: object,
  metadata: Record<string, string>,
): Promise<Answer> {
  return eventually(`an answer to ${method}`, () =>
    client.call<Answer>(method, message, metadata).catch((error: ServiceError) => {
      if (error.code === status.UNAVAILABLE) return undefined;
      throw error;
    }),
  );
}

function create(id: string): Promise<Done> {
  const body = { id, cname: `${id}.test`, origin: 'http://127.0.0.1:9', integration: 'full' };
  return http('POST', '/v1/resources', body, id);
}

/** Over HTTP and gRPC by turns. */
async function switchShop(n: number): Promise<Done> {
  const enabled = n % 2 === 1;
  if (enabled) return http('PUT', '/v1/resources/shop/websockets', { enabled }, `${n}`);
  return grpc(commands, 'SetWebsockets', { id: 'shop', enabled }, { 'idempotency-key': `${n}` });
}

it('keeps taking commands and queries when a process of each kind dies', { timeout: 90_000 }, async () => {
  await create('shop');
  let done = 0;
  const stop = new AbortController();
  const writing = (async () => {
    for (let n = 0; !stop.signal.aborted; n += 1) {
      const { position } = await switchShop(n);
      const page = `/v1/resources/shop/history?after=${position}&limit=1000`;
      expect((await http<{ items: HistoryItemJson[] }>('GET', page)).items).toHaveLength(n + 2);
      const seen = await grpc(queries, 'GetWebsockets', { id: 'shop' }, { after: position });
      expect(seen).toMatchObject({ websockets: { enabled: n % 2 === 1 } });
      done += 1;
    }
  })();
  const more = async (count: number) => {
    const enough = done + count;
    await Promise.race([writing, eventually(`${count} commands more`, () => done >= enough)]);
  };
  for (const name of ['command-1', 'projection-1', 'command-2', 'projection-2']) {
    await more(5);
    await services[name]!.program.kill();
    await more(20);
    await services[name]!.restart();
  }
  stop.abort();
  await writing;
});

it('loses no request when a process of each kind is stopped', { timeout: 90_000 }, async () => {
  const { position } = await create('forum');
  const stop = new AbortController();
  const statuses = new Set<number>();
  const asking = (async () => {
    for (let n = 0; !stop.signal.aborted; n += 1) {
      const body = JSON.stringify({ enabled: n % 2 === 1 });
      const headers = { 'content-type': 'application/json' };
      const path = '/v1/resources/forum/websockets';
      statuses.add((await front.fetch(path, { method: 'PUT', headers, body })).status);
      statuses.add((await front.fetch(`${path}?after=${position}`)).status);
    }
  })();
  for (const name of ['command-2', 'projection-2']) {
    expect(await services[name]!.program.stop()).toBe(0);
    await services[name]!.restart();
  }
  stop.abort();
  await asking;
  expect([...statuses]).toEqual([200]);
});

it('tells where an actor is, as the gateway says or as it sees', async () => {
  const { port } = new URL(`http://${front.http}`);
  const from = (headers: Record<string, string>) =>
    new Promise((resolve, reject) => {
      const path = '/v1/resources/chat/websockets';
      const options = { method: 'DELETE', path, port, headers, localAddress: '127.0.0.2' };
      request(options, (response) => response.resume().once('end', resolve))
        .once('error', reject)
        .end();
    });
  await create('chat');
  await http('PUT', '/v1/resources/chat/websockets', { enabled: false }, 'off');
  await from({ 'upgate-actor': 'alice' });
  const { position } = await http<Done>(
    'PUT',
    '/v1/resources/chat/websockets',
    { enabled: false },
    'off-again',
  );
  await from({ 'upgate-actor': 'bob', 'upgate-actor-address': '192.0.2.7' });
  const history = await eventually('both to be told', async () => {
    const page = `/v1/resources/chat/history?after=${position}`;
    const { items } = await http<{ items: HistoryItemJson[] }>('GET', page);
    return items.length === 5 && items;
  });
  const addresses = Object.fromEntries(history.map(({ actor }) => [actor.id, actor.address]));
  expect(addresses).toMatchObject({ alice: '127.0.0.2', bob: '192.0.2.7' });
});

it('leads every request to the side that serves it', { timeout: 90_000 }, async () => {
  const { position } = await create('video');
  const statusOf = async (path: string, method = 'GET') => (await front.fetch(path, { method })).status;
  expect(await statusOf(`/v1/resources/video?after=${position}`)).toBe(200);
  expect(await statusOf('/v1/edges')).toBe(200);
  expect(await statusOf('/docs-json')).toBe(200);
  expect(await statusOf('/v1/resources/video/websockets', 'DELETE')).toBe(200);
  const forgotten = await front.fetch('/v1/edges/nobody', { method: 'DELETE' });
  expect(await forgotten.json()).toMatchObject({ code: 'edge_unknown' });
});
