import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { logFile, SqliteEventStore } from '#event-store';
import { eventually } from '../support/condition.js';
import { EdgeAgent } from '../support/edge-agent.js';
import { GrpcClient } from '../support/grpc-client.js';
import { NatsServer } from '../support/nats.js';
import { Service } from '../support/split.js';

interface Health {
  status: string;
  problems?: Record<string, string>;
  warnings?: Record<string, string>;
}

let parts: AsyncDisposableStack;
let folder: string;
let nats: NatsServer;

beforeEach(async () => {
  parts = new AsyncDisposableStack();
  folder = await mkdtemp(join(tmpdir(), 'upgate-stop-'));
  parts.defer(() => rm(folder, { recursive: true }));
  nats = await NatsServer.launch();
  parts.defer(() => nats.stop());
});
afterEach(() => parts.disposeAsync());

async function start(app: 'command' | 'projection', env: Record<string, string> = {}): Promise<Service> {
  const own = { UPGATE_DATA: folder, UPGATE_NATS: nats.url, ...env };
  const service = await Service.start(`apps/${app}/src/main.js`, own);
  parts.defer(() => service.program.kill());
  return service;
}

async function startAgent(env: Record<string, string> = {}): Promise<EdgeAgent> {
  const agent = await EdgeAgent.start('edge-1', nats.url, join(folder, 'edge-1'), env);
  parts.defer(() => agent.program.kill());
  return agent;
}

async function health(url: string): Promise<{ code: number; body: Health }> {
  const response = await fetch(`${url}/readyz`);
  return { code: response.status, body: (await response.json()) as Health };
}

const healthOf = (service: Service) => health(`http://${service.http}`);
const isAlive = async (service: Service) => (await service.fetch('/livez')).ok;

function create(command: Service, id: string): Promise<Response> {
  return command.fetch('/v1/resources', {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': id },
    body: JSON.stringify({ ...resource(id), integration: 'full' }),
  });
}

const resource = (id: string) => ({
  id,
  cname: `${id}.test`,
  origin: 'http://127.0.0.1:9',
});

/** The keys of the commands that the log holds. */
async function recorded(): Promise<Set<string>> {
  const store = await SqliteEventStore.open({ file: logFile(folder) });
  try {
    const events = await Array.fromAsync(store.readAll({ prefix: 'cdnResource-' }));
    return new Set(events.map(({ metadata }) => metadata.idempotency!.key));
  } finally {
    await store.close();
  }
}

describe('a command process that is told to stop under load', { timeout: 60_000 }, () => {
  it('answers every command that it records, over HTTP and gRPC, and records every one that it accepts', async () => {
    const command = await start('command');
    const client = new GrpcClient(
      command.grpc,
      'upgate.v1.CommandService',
      'upgate/v1/command_service.proto',
    );
    parts.defer(() => client.close());
    const accepted = new Set<string>();
    const overHttp = async (id: string) => {
      const response = await create(command, id).catch(() => undefined);
      if (response) await response.arrayBuffer();
      return response?.status === 201;
    };
    const overGrpc = (id: string) =>
      client
        .call(
          'CreateResource',
          { ...resource(id), integration: 'INTEGRATION_FULL' },
          { 'idempotency-key': id },
        )
        .then(
          () => true,
          () => false,
        );
    const writers = [overHttp, overGrpc].flatMap((send, protocol) =>
      Array.from({ length: 8 }, async (_, writer) => {
        for (let n = 0; command.program.running; n += 1) {
          const id = `p${protocol}-w${writer}-n${n}`;
          if (await send(id)) accepted.add(id);
          else return;
        }
      }),
    );
    await eventually('commands to be under way', () =>
      ['p0', 'p1'].every((protocol) => [...accepted].filter((id) => id.startsWith(protocol)).length > 50),
    );
    expect(await command.program.stop()).toBe(0);
    await Promise.all(writers);
    expect(await recorded()).toEqual(accepted);
  });
});

it('programs end although clients hold calls open, and end those', { timeout: 60_000 }, async () => {
  const [command, projection] = [await start('command'), await start('projection')];
  const client = new GrpcClient(command.grpc, 'upgate.v1.CommandService', 'upgate/v1/command_service.proto');
  parts.defer(() => client.close());
  const batch = client.stream('BatchSetWebsockets');
  const ended = new Promise((resolve) => batch.on('error', resolve).on('end', resolve));
  const answered = once(batch, 'data');
  batch.write({ item: { id: 'nobody', enabled: true } });
  await answered;
  const watch = await projection.fetch('/v1/stream');
  expect(await Promise.all([command.program.stop(), projection.program.stop()])).toEqual([0, 0]);
  await Promise.all([ended, watch.text()]);
});

describe(
  'before it stops, with UPGATE_STOP_DELAY, it says so to load balancers and goes on:',
  { timeout: 60_000 },
  () => {
    const DELAY = { UPGATE_STOP_DELAY: '1500ms' };
    const leaving = (url: string) =>
      eventually('/readyz to say so', async () => {
        const { code, body } = await health(url);
        return code === 503 && body.problems?.['program'] === 'it is stopping';
      });

    it('a command process', async () => {
      const command = await start('command', DELAY);
      command.program.signal('SIGTERM');
      await leaving(`http://${command.http}`);
      expect((await create(command, 'late')).status).toBe(201);
      expect(await command.program.exited()).toBe(0);
      expect(await recorded()).toEqual(new Set(['late']));
    });

    it('a projection', async () => {
      const projection = await start('projection', DELAY);
      projection.program.signal('SIGTERM');
      await leaving(`http://${projection.http}`);
      expect((await projection.fetch('/v1/edges')).status).toBe(200);
      expect(await projection.program.exited()).toBe(0);
    });

    it('an edge agent', async () => {
      const agent = await startAgent(DELAY);
      await eventually('its health', async () => (await fetch(`${agent.health}/livez`)).ok);
      agent.program.signal('SIGTERM');
      await leaving(agent.health);
      expect((await fetch(`http://${agent.edge}/`)).status).toBe(421);
      expect(await agent.program.exited()).toBe(0);
    });
  },
);

describe(
  '/readyz says what is wrong, and /livez that the process is not to blame:',
  { timeout: 60_000 },
  () => {
    /** What a program writes to files ends there: no byte more, as on a full disk. */
    const limitFiles = (pid: number, bytes: number | 'unlimited') =>
      execFileSync('prlimit', ['--pid', `${pid}`, `--fsize=${bytes}:unlimited`]);

    it('a command process that cannot write the log', async () => {
      const command = await start('command');
      expect((await create(command, 'one')).status).toBe(201);
      limitFiles(command.program.pid, 1);
      const refused = await create(command, 'two');
      expect(refused.status).toBe(503);
      expect((await create(command, 'three')).status).toBe(503);
      const reason = `the event log ${logFile(folder)} cannot be used now: disk I/O error`;
      expect(await healthOf(command)).toMatchObject({
        code: 503,
        body: { problems: { log: `the event log cannot be written: ${reason}` } },
      });
      const told = () => command.program.lines.filter(({ msg }) => msg === 'a command cannot be recorded');
      await eventually('the line', () => told().length > 0);
      expect(told()).toMatchObject([{ reason }]);
      expect(await isAlive(command)).toBe(true);
      limitFiles(command.program.pid, 'unlimited');
      expect((await create(command, 'two')).status).toBe(201);
      expect(await healthOf(command)).toMatchObject({ code: 200 });
    });

    it('a projection that cannot keep up', async () => {
      const command = await start('command');
      const projection = await start('projection');
      limitFiles(projection.program.pid, 1);
      await create(command, 'one');
      const { body } = await eventually('the trouble to be told', async () => {
        const told = await healthOf(projection);
        return told.code === 503 && told;
      });
      expect(body.problems?.['projection']).toMatch(/^folding stands at position 0: /);
      expect(await isAlive(projection)).toBe(true);
      limitFiles(projection.program.pid, 'unlimited');
      await eventually('it to be ready', async () => (await healthOf(projection)).code === 200);
    });

    it('all of them without NATS are ready, and warn', async () => {
      const [command, projection, agent] = [
        await start('command'),
        await start('projection'),
        await startAgent(),
      ];
      await create(command, 'one');
      await agent.ready();
      const urls = [`http://${command.http}`, `http://${projection.http}`, agent.health];
      await eventually('no warning', async () => {
        const told = await Promise.all(urls.map(health));
        return told.every(({ code, body }) => code === 200 && body.warnings === undefined);
      });
      await nats.stop();
      for (const url of urls) {
        const { code, body } = await eventually('the warning', async () => {
          const told = await health(url);
          return told.body.warnings && told;
        });
        expect(code).toBe(200);
        expect(body.warnings?.['feed']).toMatch(/^NATS is not connected: /);
      }
    });
  },
);
