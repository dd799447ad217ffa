import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { connectFeed, parseServers, type FeedConnection } from '#edge-feed';
import { CERTIFICATE, KEY } from '../../../test/support/certificate.js';
import { eventually } from '../../../test/support/condition.js';
import { freePorts } from '../../../test/support/ports.js';

let port: number;
let server: ChildProcess | undefined;
let connections: FeedConnection[];
let lines: string[];

beforeEach(async () => {
  [port = 0] = await freePorts(1);
  server = undefined;
  connections = [];
  lines = [];
});

afterEach(async () => {
  await Promise.all(connections.map((connection) => connection.close()));
  server?.kill('SIGKILL');
  if (server) await once(server, 'exit');
});

function serve(...args: string[]): void {
  const env = { PATH: `${process.env['PATH']}:/usr/sbin` };
  server = spawn('nats-server', ['-a', '127.0.0.1', '-p', `${port}`, ...args], { env, stdio: 'ignore' });
}

function connect(url: string): FeedConnection {
  const log = (fields: object, message: string) => void lines.push(JSON.stringify(fields) + message);
  const logger = { debug: log, info: log, warn: log, error: log };
  const connection = connectFeed({ servers: [url], name: 'edge', logger });
  connections.push(connection);
  return connection;
}

const told = (what: RegExp) => eventually(`${what} to be told`, () => lines.some((line) => what.test(line)));

it('logs in with the user and password of the address, and never shows them', async () => {
  serve('--user', 'edge', '--pass', 's3cret@');
  const right = connect(`nats://edge:s3cret%40@127.0.0.1:${port}`);
  const wrong = connect(`nats://edge:t0psecret@127.0.0.1:${port}`);
  await eventually('the connection', () => right.connected);
  await told(/authorization/i);
  expect(wrong.connected).toBe(false);
  expect(lines.join()).not.toMatch(/s3cret|t0psecret/);
});

it('shows addresses without credentials, and asks for TLS of every server when one address does', () => {
  expect(parseServers(['nats://a:b@n1:4222', 'nats://n2:4222'])).toEqual({
    urls: ['nats://n1:4222', 'nats://n2:4222'],
    credentials: { user: 'a', pass: 'b' },
    secure: false,
  });
  expect(parseServers(['nats://n1:4222', 'tls://n2:4222'])).toMatchObject({ secure: true });
});

it('does not talk to a server without TLS where tls:// asks for it', async () => {
  serve();
  const plain = connect(`nats://127.0.0.1:${port}`);
  await eventually('the server', () => plain.connected);
  const secure = connect(`tls://127.0.0.1:${port}`);
  await told(/does not support 'tls'/);
  expect(secure.connected).toBe(false);
});

it('does not talk to a server whose certificate it has no reason to trust', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'upgate-tls-'));
  const [certificate, key] = [join(folder, 'certificate.pem'), join(folder, 'key.pem')];
  try {
    await writeFile(certificate, CERTIFICATE);
    await writeFile(key, KEY);
    serve('--tls', '--tlscert', certificate, '--tlskey', key);
    const secure = connect(`tls://localhost:${port}`);
    await told(/self-signed certificate/);
    expect(secure.connected).toBe(false);
  } finally {
    await rm(folder, { recursive: true });
  }
});
