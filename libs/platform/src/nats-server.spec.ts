import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from '@nats-io/transport-node';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { eventually } from '../../../test/support/condition.js';
import { startInstance } from '../../../test/support/instance-process.js';
import { isRunning } from './end-process.js';
import { startNatsServer, type NatsServer } from './nats-server.js';

describe('the NATS server of an instance', () => {
  const logger = pino({ level: 'silent' });
  const servers: NatsServer[] = [];
  let dataDir: string;

  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'upgate-nats-'));
  });
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.stop()));
    await rm(dataDir, { recursive: true, force: true });
  });

  async function start(port = 0, folder = dataDir): Promise<NatsServer> {
    const server = await startNatsServer({ port, dataDir: folder, fleet: 'test', logger });
    servers.push(server);
    return server;
  }

  const portOf = (url: string) => Number(new URL(url).port);
  const pidOf = async () => Number(await readFile(join(dataDir, 'nats-server.pid'), 'utf8'));

  /** Connects, or throws soon, as a node of ours does; the server's own name. */
  async function nameOf(url: string): Promise<string> {
    const connection = await connect({ servers: url, reconnect: false, timeout: 5_000 });
    const name = connection.info?.server_name ?? '';
    await connection.close();
    return name;
  }

  test('takes connections on loopback as soon as it is started, and ends when stopped', async () => {
    const server = await start();
    expect(await nameOf(server.url)).toMatch(/^upgate-test-[0-9a-f]{12}$/);
    const pid = await pidOf();
    await server.stop();
    expect(isRunning(pid)).toBe(false);
    await expect(nameOf(server.url)).rejects.toThrow(/refused/i);
  });

  test('is started again on the same port when it dies', async () => {
    const { url } = await start();
    const pid = await pidOf();
    process.kill(pid, 'SIGKILL');
    await eventually('another server to answer', async () => (await nameOf(url)) && (await pidOf()) !== pid);
  });

  test('stops while it is being started again', async () => {
    const server = await start();
    const pid = await pidOf();
    process.kill(pid, 'SIGKILL');
    await eventually('it to be dead', () => !isRunning(pid));
    await server.stop();
    await expect(nameOf(server.url)).rejects.toThrow(/refused/i);
  });

  test('replaces one that a killed run left behind', async () => {
    await using killed = await startInstance(dataDir);
    await killed.kill();
    const left = await killed.natsServerPid();
    expect(await nameOf(killed.url)).toMatch(/^upgate-test-/);

    const server = await start(portOf(killed.url));
    expect(isRunning(left)).toBe(false);
    expect(server.url).toBe(killed.url);
    expect(await nameOf(server.url)).toMatch(/^upgate-test-/);
  });

  test('goes with the instance whose parent is gone', async () => {
    await using instance = await startInstance(dataDir);
    const pid = await instance.natsServerPid();
    await instance.loseParent();
    expect(isRunning(pid)).toBe(false);
  });

  test('leaves the server of another instance alone, and says what holds the port and the ways out', async () => {
    const other = await start();
    const port = portOf(other.url);
    await expect(start(port, join(dataDir, 'other'))).rejects.toThrow(
      new RegExp(
        `^Port ${port} on 127.0.0.1 is taken by another NATS server \\("upgate-test-.*UPGATE_NATS_PORT.*UPGATE_NATS=`,
      ),
    );
    expect(await nameOf(other.url)).toMatch(/^upgate-test-/);
  });

  test('leaves alone a process that was given the pid of an earlier one', async () => {
    const first = await start();
    const pidFile = join(dataDir, 'nats-server.pid');
    await first.stop();
    await writeFile(pidFile, String(process.pid));
    await start();
    expect(await pidOf()).not.toBe(process.pid);
  });

  test('names a program on the port that is no NATS server', async () => {
    const foreign = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')).listen(
      0,
      '127.0.0.1',
    );
    await once(foreign, 'listening');
    const { port } = foreign.address() as AddressInfo;
    await expect(start(port)).rejects.toThrow(
      `Port ${port} on 127.0.0.1 is taken by a program that is no NATS server`,
    );
    await once(foreign.close(), 'close');
  });
});
