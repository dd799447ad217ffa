import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { logFile, SqliteEventStore } from '#event-store';
import { eventually } from '../../../test/support/condition.js';
import { NatsServer } from '../../../test/support/nats.js';
import { freePorts } from '../../../test/support/ports.js';
import { Program } from '../../../test/support/program.js';
import { ResourceLog } from '../../../test/support/resource-log.js';

const MAIN = 'apps/projection/src/main.js';
const REBUILD = 'apps/projection/src/rebuild.js';

let folder: string;
let nats: NatsServer;
let store: SqliteEventStore;
let env: Record<string, string>;
let http: string;
let program: Program | undefined;
let replica: Program | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'upgate-projection-'));
  nats = await NatsServer.launch();
  store = await SqliteEventStore.open({ file: logFile(folder) });
  const [httpPort, grpcPort] = await freePorts(2);
  http = `127.0.0.1:${httpPort}`;
  env = {
    UPGATE_DATA: folder,
    UPGATE_HTTP: http,
    UPGATE_GRPC: `127.0.0.1:${grpcPort}`,
    UPGATE_NATS: nats.url,
  };
});

afterEach(async () => {
  await program?.kill();
  await replica?.kill();
  program = replica = undefined;
  await store.close();
  await nats.stop();
  await rm(folder, { recursive: true });
});

async function ids(after: bigint, address = http): Promise<string[]> {
  const response = await fetch(`http://${address}/v1/resources?limit=1000&timeout=30s&after=${after}`);
  const { items } = (await response.json()) as { items: { id: string }[] };
  return items.map(({ id }) => id);
}

function ready(address = http): Promise<boolean> {
  return eventually('it is ready', async () => (await fetch(`http://${address}/readyz`)).ok);
}

describe('the projection as a program', { timeout: 90_000 }, () => {
  it('survives kill -9 at any moment: nothing is lost, nothing is folded twice', async () => {
    const log = new ResourceLog(store);
    const names = Array.from({ length: 600 }, (_, index) => `r${index}`);
    const written = Promise.all(names.map((name) => log.create(name)));
    for (let kill = 0; kill < 2; kill += 1) {
      program = new Program(MAIN, env);
      await eventually('it listens', async () => (await fetch(`http://${http}/livez`)).ok);
      await log.disable(`r${kill}`);
      await program.kill();
    }
    await written;
    program = new Program(MAIN, env);
    await ready();
    expect(await ids(await store.head())).toEqual(names.toSorted());
    await program.kill();

    const rebuild = new Program(REBUILD, env);
    expect(await rebuild.exited()).toBe(0);
  });

  it('stops when asked, and frees the read model for a rebuild', async () => {
    program = new Program(MAIN, env);
    await ready();
    const refused = new Program(REBUILD, env);
    expect(await refused.exited()).toBe(1);
    expect(refused.stderr).toMatch(`uses the data folder ${join(folder, 'projection')}`);
    expect(await program.stop()).toBe(0);
    expect(await new Program(REBUILD, env).exited()).toBe(0);
  });

  it('runs beside a replica on the same log, each with a read model of its own', async () => {
    await new ResourceLog(store).create('shared');
    const [httpPort, grpcPort] = await freePorts(2);
    const other = `127.0.0.1:${httpPort}`;
    const beside = { ...env, UPGATE_HTTP: other, UPGATE_GRPC: `127.0.0.1:${grpcPort}` };
    program = new Program(MAIN, env);
    await ready();
    const refused = new Program(MAIN, beside);
    expect(await refused.exited()).toBe(1);
    expect(refused.stderr).toMatch('choose another folder with UPGATE_READ_MODEL');
    replica = new Program(MAIN, { ...beside, UPGATE_READ_MODEL: join(folder, 'replica') });
    await ready(other);
    expect(await ids(1n)).toEqual(['shared']);
    expect(await ids(1n, other)).toEqual(['shared']);
  });

  it('names what is wrong with its configuration', async () => {
    program = new Program(MAIN, { ...env, UPGATE_NATS: '', UPGATE_HTTP: 'here' });
    expect(await program.exited()).toBe(1);
    expect(program.stderr).toMatch('UPGATE_NATS="": must be one or more URLs');
    expect(program.stderr).toMatch('UPGATE_HTTP="here": must be an address and port');
    expect(program.stderr).not.toMatch('    at ');
  });

  it('takes no arguments, nor does the rebuild, which then rebuilds nothing', async () => {
    for (const entry of [MAIN, 'apps/projection/src/rebuild.js']) {
      program = new Program(entry, env, ['--dry-run']);
      expect(await program.exited()).toBe(1);
      expect(program.stderr).toBe(
        'Cannot take --dry-run. Upgate takes no arguments: environment variables configure it, see the README.\n',
      );
    }
  });
});
