import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { KurrentDBClient } from '@kurrent/kurrentdb-client';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { Secrets } from './secrets.js';

let secrets: Secrets;
let server: Server;
let address: string;
let handshakes: string[];

/** A server that shows the certificate of a node, and hangs up as soon as it is spoken to. */
beforeAll(async () => {
  secrets = new Secrets();
  const [cert, key] = ['kurrentdb-1.crt', 'kurrentdb-1.key'].map((name) => readFileSync(secrets.path(name)));
  server = createServer({ cert: cert!, key: key!, ALPNProtocols: ['h2'] }, (socket: TLSSocket) => {
    handshakes.push(socket.alpnProtocol || 'none');
    socket.on('error', () => undefined).once('data', () => socket.destroy());
  }).listen(0, '127.0.0.1');
  server.on('tlsClientError', ({ message }) => handshakes.push(message));
  await once(server, 'listening');
  address = secrets
    .text('store')
    .replace(/@[^?]*/, `@localhost:${(server.address() as AddressInfo).port}`)
    .replace('/run/secrets/ca.crt', secrets.path('ca.crt'));
});
afterAll(async () => {
  await once(server.close(), 'close');
  secrets.remove();
});
beforeEach(() => {
  handshakes = [];
});

/** Its client is two: one in Node that writes, and one in Rust that reads. */
it.each<[string, (client: KurrentDBClient) => Promise<unknown>]>([
  ['writes', (client) => client.appendToStream('stream', [])],
  ['reads', (client) => Array.fromAsync(client.readStream('stream'))],
])('the client of KurrentDB trusts the certificates of its nodes when it %s', async (_, operation) => {
  const client = KurrentDBClient.connectionString(`${address}&maxDiscoverAttempts=3`);
  await expect(operation(client)).rejects.toBeInstanceOf(Error);
  await client.dispose();
  expect([...new Set(handshakes)]).toEqual(['h2']);
});
