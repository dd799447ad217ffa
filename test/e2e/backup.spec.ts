import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CommandAnswerJson, EdgeJson } from '#contract';
import { eventually } from '../support/condition.js';
import { EdgeAgent } from '../support/edge-agent.js';
import { handshakeStatus } from '../support/edge-client.js';
import { snippetsOf } from '../support/markdown.js';
import { NatsServer } from '../support/nats.js';
import { Origin } from '../support/origin.js';
import { Service } from '../support/split.js';

const ROOT = join(import.meta.dirname, '../..');
const NODES = ['edge-1', 'edge-2'];
const run = promisify(execFile);

let parts: AsyncDisposableStack;
let folder: string;
let origin: Origin;
let command: Service;
let projections: Service[];
let agents: EdgeAgent[];

beforeEach(async () => {
  parts = new AsyncDisposableStack();
  folder = await mkdtemp(join(tmpdir(), 'upgate-backup-'));
  parts.defer(() => rm(folder, { recursive: true }));
  const nats = await NatsServer.launch();
  parts.defer(() => nats.stop());
  origin = await Origin.start();
  parts.defer(() => origin.stop());
  const env = { UPGATE_DATA: join(folder, 'data'), UPGATE_NATS: nats.url };
  command = await startService('command', env);
  const other = { ...env, UPGATE_READ_MODEL: join(folder, 'projection-2') };
  projections = [await startService('projection', env), await startService('projection', other)];
  agents = await Promise.all(NODES.map((node) => startAgent(node, nats.url)));
  await allSame();
}, 60_000);
afterEach(() => parts.disposeAsync());

async function startService(app: string, env: Record<string, string>): Promise<Service> {
  const service = await Service.start(`apps/${app}/src/main.js`, env);
  parts.defer(() => service.program.kill());
  return service;
}

async function startAgent(node: string, nats: string): Promise<EdgeAgent> {
  const agent = await EdgeAgent.start(node, nats, join(folder, node));
  parts.defer(() => agent.program.kill());
  return agent;
}

const controlPlane = () => [command, ...projections];
const killAll = () => Promise.all(controlPlane().map(({ program }) => program.kill()));
const stopAll = () => Promise.all(controlPlane().map(({ program }) => program.stop()));

async function startAll(): Promise<void> {
  for (const service of controlPlane()) await service.restart();
}

/** What docs/operations.md says to run, as it says it, where `data` is the data folder. */
async function follow(number: number): Promise<string> {
  const snippet = snippetsOf(await readFile(join(ROOT, 'docs/operations.md'), 'utf8'))[number]!;
  const program = `'${process.execPath}' '${join(ROOT, 'dist/apps/log/src/main.js')}'`;
  const script = snippet.replaceAll(/npm run (--silent )?log --/g, program);
  const env = { PATH: process.env['PATH'] ?? '', UPGATE_DATA: 'data' };
  const { stdout } = await run('bash', ['-euo', 'pipefail', '-c', script], { cwd: folder, env });
  return stdout;
}
const BACK_UP = 0;
const PUT_ASIDE = 1;
const IMPORT = 2;
const NEW_EPOCH = 3;

async function send(method: string, path: string, body: object, key: string): Promise<Response> {
  return command.fetch(`${path}?wait=applied&timeout=15s`, {
    method,
    headers: { 'content-type': 'application/json', 'idempotency-key': key },
    body: JSON.stringify(body),
  });
}

/** The answer to a command that every node has applied. */
async function applied(answer: Promise<Response>): Promise<CommandAnswerJson> {
  const response = await answer;
  expect(response.ok).toBe(true);
  const body = (await response.json()) as CommandAnswerJson;
  expect(body.convergence).toMatchObject({ status: 'applied', required: NODES.length });
  return body;
}

function create(id: string, cname: string, key = `create-${id}`): Promise<Response> {
  return send('POST', '/v1/resources', { id, cname, origin: origin.url, integration: 'full' }, key);
}

const toggle = (enabled: boolean, key: string) =>
  send('PUT', '/v1/resources/kept/websockets', { enabled }, key);

/** Every node, with the control plane's settings, as every projection sees it. */
async function allSame(): Promise<EdgeJson> {
  const seen: EdgeJson[] = [];
  for (const projection of projections)
    seen.push(
      ...(await eventually('all nodes with the same settings', async () => {
        const { items } = await projection.json<{ items: EdgeJson[] }>('/v1/edges');
        const same = items.filter(({ state, verdict }) => state === 'live' && verdict === 'same');
        return same.length === NODES.length && same;
      })),
    );
  expect(new Set(seen.map(({ epoch, position, digest }) => `${epoch} ${position} ${digest}`)).size).toBe(1);
  return seen[0]!;
}

async function expectEverywhere(statuses: Record<string, number>): Promise<void> {
  for (const { edge } of agents)
    for (const [host, status] of Object.entries(statuses))
      expect(await handshakeStatus(edge, host), host).toBe(status);
}

/** The program does not start, and says why. */
async function expectRefusal(service: Service, reason: RegExp): Promise<void> {
  service.relaunch();
  expect(await service.program.exited()).toBe(1);
  expect(service.program.stderr).toMatch(reason);
}

describe('a log that is restored', { timeout: 120_000 }, () => {
  it('from a backup that was taken while it ran brings every node to what it holds, and tells what was lost', async () => {
    await applied(create('kept', 'kept.test'));
    const { position, revision } = await applied(toggle(false, 'off'));
    await follow(BACK_UP);
    await applied(toggle(true, 'on'));
    await applied(create('lost', 'wanted.test'));
    const before = await allSame();
    await expectEverywhere({ 'kept.test': 101, 'wanted.test': 101 });

    await killAll();
    await follow(PUT_ASIDE);
    await follow(IMPORT);
    await startAll();
    const after = await allSame();
    expect(after.epoch).not.toBe(before.epoch);
    expect(BigInt(after.position)).toBeLessThan(BigInt(before.position));
    await expectEverywhere({ 'kept.test': 403, 'wanted.test': 421 });
    expect(await lostAfter(position)).toMatchObject([
      { type: 'WebsocketsEnabled', resource: 'kept' },
      { type: 'CdnResourceCreated', resource: 'lost' },
    ]);

    expect(await applied(toggle(false, 'off'))).toMatchObject({ position, revision });
    expect(await applied(toggle(true, 'on'))).toMatchObject({ changed: true, revision: revision + 1 });
    expect((await create('rival', 'kept.test')).status).toBe(409);
    await applied(create('rival', 'wanted.test', 'rival'));
    expect((await create('lost', 'wanted.test')).status).toBe(409);
    await allSame();
    await expectEverywhere({ 'kept.test': 101, 'wanted.test': 101 });
  });

  /** Of the read model that was put aside, as docs/operations.md asks it. */
  async function lostAfter(position: string): Promise<object[]> {
    const [query] = snippetsOf(await readFile(join(ROOT, 'docs/operations.md'), 'utf8'), 'sql');
    const database = new DatabaseSync(join(folder, 'data/projection.lost/read-model.sqlite'));
    try {
      return database.prepare(query!).all({ position: Number(position) });
    } finally {
      database.close();
    }
  }

  it('from its files is refused as it is, and with a new epoch brings every node to what it holds', async () => {
    await applied(create('kept', 'kept.test'));
    await stopAll();
    await cp(join(folder, 'data/log'), join(folder, 'copy'), { recursive: true });
    await startAll();
    await applied(toggle(false, 'off'));
    const before = await allSame();
    await stopAll();

    await cp(join(folder, 'copy/events.sqlite'), join(folder, 'data/log/events.sqlite'));
    await expectRefusal(command, /but events up to position \d+ have been acknowledged/);
    await cp(join(folder, 'copy'), join(folder, 'data/log'), { recursive: true });
    await expectRefusal(projections[0]!, /put back without a new epoch/);

    await follow(NEW_EPOCH);
    await startAll();
    const after = await allSame();
    expect(after.epoch).not.toBe(before.epoch);
    expect(BigInt(after.position)).toBeLessThan(BigInt(before.position));
    await expectEverywhere({ 'kept.test': 101 });
    await applied(toggle(false, 'off'));
    await expectEverywhere({ 'kept.test': 403 });
  });
});
