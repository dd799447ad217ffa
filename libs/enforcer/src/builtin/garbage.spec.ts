import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { httpStatus, handshakeStatus } from '../../../../test/support/edge-client.js';
import { EdgeRig } from '../../../../test/support/edge-rig.js';
import { Origin } from '../../../../test/support/origin.js';
import { handshakeHead, head, RawClient } from '../../../../test/support/raw-client.js';
import { RawOrigin } from '../../../../test/support/raw-origin.js';

let rig: EdgeRig;
let origin: Origin;
let raw: RawOrigin;

beforeAll(async () => {
  [rig, origin, raw] = await Promise.all([
    EdgeRig.start({ httpIdleMs: 1_000 }),
    Origin.start(),
    RawOrigin.start(),
  ]);
  await rig.set('shop', { origin: origin.url });
  await rig.set('raw', { origin: raw.url });
});
afterAll(async () => {
  await Promise.all([rig.stop(), origin.stop(), raw.stop()]);
});

const HOST = 'Host: shop.test';
const CHUNKED = 'Transfer-Encoding: chunked';

it.each([
  ['not HTTP at all', 'hello\r\n\r\n', 400],
  ['TLS', Buffer.from('16030100f8010000f40303', 'hex'), 400],
  ['a bare line feed in a header', `GET / HTTP/1.1\nHost: shop.test\n\n`, 400],
  ['a space before a colon', head('GET / HTTP/1.1', HOST, 'X-A : 1'), 400],
  ['a folded header', head('GET / HTTP/1.1', HOST, 'X-A: 1', ' Content-Length: 5'), 400],
  ['two lengths', head('POST / HTTP/1.1', HOST, 'Content-Length: 1', 'Content-Length: 2'), 400],
  ['a list of lengths', head('POST / HTTP/1.1', HOST, 'Content-Length: 1, 1'), 400],
  ['a negative length', head('POST / HTTP/1.1', HOST, 'Content-Length: -1'), 400],
  ['length and chunks', head('POST / HTTP/1.1', HOST, 'Content-Length: 5', CHUNKED), 400],
  ['chunks that are not last', head('POST / HTTP/1.1', HOST, 'Transfer-Encoding: chunked, gzip'), 400],
  ['chunks in HTTP/1.0', head('POST / HTTP/1.0', HOST, CHUNKED), 400],
  ['a tab in the target', head('GET /a\tb HTTP/1.1', HOST), 400],
  ['an unknown method', head('BREW / HTTP/1.1', HOST), 400],
  ['another version', head('GET / HTTP/3.0', HOST), 400],
  ['a large head', head('GET / HTTP/1.1', HOST, `X-A: ${'a'.repeat(20_000)}`), 431],
  ['a large target', head(`GET /${'a'.repeat(20_000)} HTTP/1.1`, HOST), 431],
])('%s is refused, and the connection ended', async (_what, text, status) => {
  const before = origin.requests.length;
  const client = await RawClient.connect(rig.edge, text);
  const heard = await client.over();
  expect(heard).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  expect(heard).toContain('application/problem+json');
  expect(heard).toMatch(/^connection: close\r$/im);
  expect(heard.match(/HTTP\/1\.1 \d/g)).toHaveLength(1);
  expect(origin.requests).toHaveLength(before);
});

it('HTTP/2 without an upgrade is not spoken', async () => {
  const client = await RawClient.connect(rig.edge, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
  await client.over();
  expect(origin.requests).toHaveLength(0);
});

it('a chunk that is none, in the middle of a body, ends the connection', async () => {
  const client = await RawClient.connect(
    rig.edge,
    `${head('POST / HTTP/1.1', 'Host: raw.test', CHUNKED)}2\r\nok\r\n`,
  );
  const connection = await raw.connection(raw.connections.length);
  await connection.hears(/ok\r\n$/);
  client.send('nonsense\r\n');
  await client.over();
  expect(connection.received).not.toContain('nonsense');
});

/** Pieces of requests, in any order, with anything between them. */
const scraps = fc.array(
  fc.oneof(
    fc.constantFrom(
      handshakeHead('shop.test'),
      head('GET / HTTP/1.1', HOST),
      head('CONNECT shop.test:80 HTTP/1.1', HOST),
      `${head('POST / HTTP/1.1', HOST, CHUNKED)}5\r\nhello\r\n0\r\n\r\n`,
      head('POST / HTTP/1.1', HOST, 'Expect: 100-continue', 'Content-Length: 3'),
      'GET / HTTP/1.1\r\n',
      'Upgrade: websocket\r\n',
      'Connection: Upgrade\r\n',
      '\r\n',
      '\0',
    ),
    fc.string({ unit: 'binary', maxLength: 20 }),
  ),
  { maxLength: 6 },
);

it('whatever comes in, the edge serves on', async () => {
  const property = fc.asyncProperty(scraps, fc.boolean(), async (pieces, politely) => {
    const client = await RawClient.connect(rig.edge);
    for (const piece of pieces) client.send(Buffer.from(piece, 'latin1'));
    if (politely) client.socket.end();
    else client.socket.resetAndDestroy();
    expect(await httpStatus(rig.edge, 'shop.test')).toBe(200);
    client.close();
  });
  await fc.assert(property, { numRuns: 200 });
  expect(await handshakeStatus(rig.edge, 'shop.test')).toBe(101);
});

/** What an origin may answer that has gone mad. */
const answers = fc.array(
  fc.oneof(
    fc.constantFrom(
      head('HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade', 'Upgrade: websocket'),
      head('HTTP/1.1 101 Switching Protocols'),
      head('HTTP/1.1 100 Continue'),
      head('HTTP/1.1 103 Early Hints', 'Link: x'),
      head('HTTP/1.1 204 No Content', 'Content-Length: 5'),
      head('HTTP/1.1 200 \x01\xff', 'X-A: \xff'),
      head('HTTP/1.1 200 OK', CHUNKED, 'Trailer: X-A') + '2\r\nhi\r\n0\r\nX-A: 1\r\n\r\n',
      head('HTTP/1.1 999 ', 'Content-Length: 2') + 'hi',
      'HTTP/1.1 200 OK\r\nSet-Cookie: a\r\n',
      '\r\n',
    ),
    fc.string({ unit: 'binary', maxLength: 20 }),
  ),
  { maxLength: 4 },
);

it.each([
  ['a request', head('GET / HTTP/1.1', 'Host: raw.test', 'Connection: close')],
  ['a handshake', handshakeHead('raw.test')],
])('whatever the origin answers to %s, the edge serves on', async (_what, request) => {
  const property = fc.asyncProperty(answers, fc.boolean(), async (pieces, politely) => {
    const client = await RawClient.connect(rig.edge, request);
    const { socket } = await raw.connection(raw.connections.length);
    for (const piece of pieces) socket.write(Buffer.from(piece, 'latin1'));
    if (politely) socket.end();
    else socket.resetAndDestroy();
    client.socket.end();
    await client.over();
    expect(await httpStatus(rig.edge, 'shop.test')).toBe(200);
  });
  await fc.assert(property, { numRuns: 100 });
});
