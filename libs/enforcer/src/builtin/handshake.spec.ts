import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { eventually } from '../../../../test/support/condition.js';
import { echo, handshake, handshakeStatus, openSocket } from '../../../../test/support/edge-client.js';
import { EdgeRig } from '../../../../test/support/edge-rig.js';
import { Origin } from '../../../../test/support/origin.js';
import { handshakeHead, head, RawClient } from '../../../../test/support/raw-client.js';
import { RawOrigin } from '../../../../test/support/raw-origin.js';

const SWITCH = head('HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade', 'Upgrade: websocket');

let rig: EdgeRig;
let origin: Origin;
let raw: RawOrigin;

beforeEach(async () => {
  [rig, origin, raw] = await Promise.all([EdgeRig.start(), Origin.start(), RawOrigin.start()]);
  await rig.set('shop', { hostnames: ['shop.test', '*.shop.test'], origin: origin.url });
  await rig.set('raw', { origin: raw.url });
});
afterEach(async () => {
  await Promise.all([rig.stop(), origin.stop(), raw.stop()]);
});

describe('where WebSockets are enabled', () => {
  it('a handshake opens one, with its subprotocol, and both ends talk', async () => {
    const socket = new WebSocket(`ws://${rig.edge}/chat?room=1`, ['chat', 'other'], {
      headers: { host: 'Shop.Test:8088' },
    });
    await once(socket, 'message');
    expect(socket.protocol).toBe('chat');
    expect(await echo(socket, 'hello')).toBe('hello');
    expect(await echo(socket, 'x'.repeat(300_000))).toHaveLength(300_000);
    expect(rig.enforcer.connections()).toBe(1);
    expect(rig.decisions).toEqual(['upgraded']);
    socket.close(4000);
    expect((await once(socket, 'close'))[0]).toBe(4000);
    await eventually('the log line', () => rig.lines.some(({ message }) => message === 'websocket ended'));
    expect(rig.enforcer.connections()).toBe(0);
  });

  it('the origin is told where the client came from, and asked for a WebSocket only', async () => {
    const client = await RawClient.connect(
      rig.edge,
      handshakeHead(
        'raw.test:8088',
        'uPGRADE: h2c, WebSocket',
        'HTTP2-Settings: AAMAAABkAAQ',
        'X-Forwarded-For: 192.0.2.1',
        'Cookie: a=1',
        'Sec-WebSocket-Protocol: chat',
        'Sec-WebSocket-Extensions: permessage-deflate',
      ).replace('Connection: Upgrade', 'Connection: keep-alive, uPGRADE, HTTP2-Settings'),
    );
    const asked = await (await raw.connection()).hears(/\r\n\r\n/);
    expect(asked.match(/^upgrade:.*$/gim)).toEqual(['Upgrade: websocket']);
    expect(asked.match(/^connection:.*$/gim)).toEqual(['Connection: Upgrade']);
    expect(asked.match(/^host:.*$/gim)).toEqual(['Host: raw.test:8088']);
    expect(asked).toMatch(/^GET \/socket\?token=secret HTTP\/1\.1\r\n/);
    expect(asked).toContain('X-Forwarded-For: 192.0.2.1, 127.0.0.1\r\n');
    expect(asked).toContain('Forwarded: for=127.0.0.1;host="raw.test:8088";proto=http\r\n');
    expect(asked).toContain('Sec-WebSocket-Protocol: chat\r\n');
    expect(asked).toContain('Sec-WebSocket-Extensions: permessage-deflate\r\n');
    expect(asked).toContain('Cookie: a=1\r\n');
    expect(asked).not.toContain('HTTP2-Settings');
    client.close();
  });

  it('the answer that agrees goes to the client as it is, and what either end sent with it is not lost', async () => {
    const client = await RawClient.connect(rig.edge, `${handshakeHead('raw.test')}early`);
    const connection = await raw.connection();
    await connection.hears(/\r\n\r\n/);
    client.send(' bird');
    connection.send(
      `${SWITCH.slice(0, -2)}Sec-WebSocket-Accept: abc=\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n\r\nworm`,
    );
    const heard = await client.hears(/worm$/);
    expect(heard).toMatch(/^HTTP\/1\.1 101 Switching Protocols\r\n/);
    expect(heard).toContain('Sec-WebSocket-Accept: abc=\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n');
    expect((await connection.hears(/early bird$/)).match(/early/g)).toHaveLength(1);
    client.close();
  });

  it.each([
    [
      'another answer',
      'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nContent-Length: 2\r\n\r\nno',
      401,
    ],
    ['a redirect', 'HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n', 302],
    ['a page', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n', 200],
  ])('%s ends the connection, and nothing after it reaches the origin', async (_what, answer, status) => {
    const client = await RawClient.connect(rig.edge, handshakeHead('raw.test'));
    const connection = await raw.connection();
    await connection.hears(/\r\n\r\n/);
    client.send(head('GET /smuggled HTTP/1.1', 'Host: raw.test'));
    connection.send(answer);
    const heard = await client.over();
    expect(heard).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(heard).toMatch(/^connection: close\r$/im);
    expect(heard.match(/HTTP\/1\.1 /g)).toHaveLength(1);
    expect(connection.received).not.toContain('smuggled');
    expect(raw.connections).toHaveLength(1);
    expect(rig.decisions).toEqual(['answered']);
  });

  it('a long answer that is no 101 arrives whole', async () => {
    const client = await RawClient.connect(rig.edge, handshakeHead('raw.test'));
    const connection = await raw.connection();
    const body = Buffer.alloc(5_000_000, 'abcdefghij');
    connection.send(head('HTTP/1.1 404 Not Found', `Content-Length: ${body.length}`));
    connection.send(body);
    const heard = await client.over();
    expect(heard.slice(heard.indexOf('\r\n\r\n') + 4)).toBe(body.toString('latin1'));
  });

  it('a switch to another protocol is none', async () => {
    const client = await RawClient.connect(rig.edge, handshakeHead('raw.test'));
    const connection = await raw.connection();
    connection.send(SWITCH.replace('websocket', 'h2c'));
    expect(await client.over()).toContain('"code":"origin_failed"');
    await eventually('the origin to be let go', () => connection.ended);
  });

  it('an origin that is not there is a 502, one that says nothing a 504, one that goes away a 502', async () => {
    await rig.set('gone', { origin: 'http://127.0.0.1:1' });
    const gone = await handshake(rig.edge, 'gone.test');
    expect(gone).toMatchObject({ status: 502 });
    expect('body' in gone && gone.body).toContain('"code":"origin_unreachable"');

    const impatient = await EdgeRig.start({ handshakeMs: 50 });
    await impatient.set('raw', { origin: raw.url });
    const slow = await handshake(impatient.edge, 'raw.test');
    expect(slow).toMatchObject({ status: 504 });
    expect('body' in slow && slow.body).toContain('"code":"origin_timeout"');
    expect(impatient.decisions).toEqual(['origin_timeout']);
    await impatient.stop();

    const lost = handshake(rig.edge, 'raw.test');
    (await raw.connection(1)).socket.destroy();
    expect(await lost).toMatchObject({ status: 502 });
  });

  it('a client that gives up takes its handshake with it', async () => {
    const client = await RawClient.connect(rig.edge, handshakeHead('raw.test'));
    const connection = await raw.connection();
    client.close();
    await eventually('the origin to be let go', () => connection.ended);
  });

  it('a client that floods before its handshake is answered is cut off', async () => {
    const client = await RawClient.connect(rig.edge, handshakeHead('raw.test'));
    const connection = await raw.connection();
    client.send(Buffer.alloc(1_000_000));
    await client.over();
    await eventually('the origin to be let go', () => connection.ended);
  });
});

describe('where WebSockets are disabled', () => {
  beforeEach(() => rig.set('raw', { enabled: false }));

  it('a handshake is refused at the edge, naming the resource and the position of the policy', async () => {
    const position = rig.table.get('raw')!.websockets.position;
    await rig.set('raw', { hostnames: ['raw.test', 'more.test'] });
    const result = await handshake(rig.edge, 'raw.test');
    expect(result).toMatchObject({
      status: 403,
      headers: { 'content-type': 'application/problem+json', connection: 'close' },
    });
    expect('body' in result && JSON.parse(result.body)).toEqual({
      type: 'urn:upgate:problem:websockets_disabled',
      title: 'WebSockets are disabled for this host',
      status: 403,
      code: 'websockets_disabled',
      detail: 'WebSockets are disabled for the CDN resource raw',
      resource: 'raw',
      position: position.toString(),
    });
    expect(raw.connections).toHaveLength(0);
    expect(rig.decisions).toEqual(['websockets_disabled']);
    await eventually('the log line', () => rig.lines.length > 0);
    expect(rig.lines).toMatchObject([{ status: 403, decision: 'websockets_disabled', resource: 'raw' }]);
    expect(JSON.stringify(rig.lines)).not.toContain('secret');
  });

  it.each([
    ['any case', ['uPgRaDe: WEBSOCKET']],
    ['a list', ['Upgrade: h2c, websocket']],
    ['a list the other way round', ['Upgrade: websocket,h2c']],
    ['two headers', ['Upgrade: h2c', 'Upgrade: websocket']],
  ])('so is one by %s', async (_by, headers) => {
    const client = await RawClient.connect(rig.edge, handshakeHead('RAW.test:80', ...headers));
    expect(await client.over()).toMatch(/^HTTP\/1\.1 403 /);
    expect(raw.connections).toHaveLength(0);
  });

  it('so is one by an absolute target, whatever the Host header says', async () => {
    const request = handshakeHead('shop.test').replace('GET /socket', 'GET http://raw.test/socket');
    const client = await RawClient.connect(rig.edge, request);
    expect(await client.over()).toMatch(/^HTTP\/1\.1 403 /);
  });

  it('bytes sent behind it are not served', async () => {
    const behind = head('GET /smuggled HTTP/1.1', 'Host: shop.test');
    const client = await RawClient.connect(rig.edge, handshakeHead('raw.test') + behind);
    client.send(behind);
    const heard = await client.over();
    expect(heard.match(/HTTP\/1\.1 /g)).toHaveLength(1);
    expect(origin.requests).toHaveLength(0);
  });

  it.each([
    ['h2c', ['Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQ']],
    ['something unknown', ['Upgrade: foo/2']],
  ])('an upgrade to %s is an ordinary request', async (_to, headers) => {
    const client = await RawClient.connect(rig.edge, handshakeHead('raw.test', ...headers));
    const connection = await raw.connection();
    const asked = await connection.hears(/\r\n\r\n/);
    expect(asked).not.toMatch(/^(upgrade|connection: upgrade)/im);
    connection.send(head('HTTP/1.1 204 No Content'));
    expect(await client.hears(/\r\n\r\n/)).toMatch(/^HTTP\/1\.1 204 /);
    client.close();
  });

  it.each([
    ['another method', handshakeHead('raw.test', 'Content-Length: 0').replace('GET', 'POST')],
    ['HTTP/1.0', handshakeHead('raw.test').replace('HTTP/1.1', 'HTTP/1.0')],
    ['no Upgrade', handshakeHead('raw.test').replace('Upgrade: websocket\r\n', '')],
    ['no Connection', handshakeHead('raw.test').replace('Connection: Upgrade\r\n', '')],
  ])('what is no handshake, by %s, asks the origin for no WebSocket', async (_by, request) => {
    const client = await RawClient.connect(rig.edge, request);
    const connection = await raw.connection();
    expect(await connection.hears(/\r\n\r\n/)).not.toMatch(/upgrade/i);
    client.close();
  });
});

describe('a handshake under way when the policy changes', () => {
  it('does not slip through', async () => {
    const result = handshake(rig.edge, 'raw.test');
    const connection = await raw.connection();
    await connection.hears(/\r\n\r\n/);
    await rig.set('raw', { enabled: false });
    connection.send(SWITCH);
    expect(await result).toMatchObject({ open: false, status: 403 });
    await eventually('the origin to be let go', () => connection.ended);
    expect(rig.enforcer.connections()).toBe(0);
  });

  it('is not for a host that its resource has lost', async () => {
    const result = handshake(rig.edge, 'raw.test');
    const connection = await raw.connection();
    await connection.hears(/\r\n\r\n/);
    await rig.remove('raw');
    connection.send(SWITCH);
    expect(await result).toMatchObject({ open: false, status: 421 });
  });

  it('is told when the host has moved to another resource', async () => {
    const result = handshake(rig.edge, 'raw.test');
    const connection = await raw.connection();
    await connection.hears(/\r\n\r\n/);
    await rig.set('raw', { hostnames: ['elsewhere.test'] });
    await rig.set('shop', { hostnames: ['shop.test', 'raw.test'] });
    connection.send(SWITCH);
    expect(await result).toMatchObject({
      open: false,
      status: 421,
      body: expect.stringContaining('host_moved') as string,
    });
  });
});

it('a handshake behind a request that is not answered yet, or with a body, is refused', async () => {
  const request = head('GET /slow HTTP/1.1', 'Host: raw.test');
  const client = await RawClient.connect(rig.edge, request + handshakeHead('raw.test'));
  const connection = await raw.connection();
  await connection.hears(/\r\n\r\n/);
  connection.send(head('HTTP/1.1 200 OK', 'Content-Length: 4') + 'slow');
  expect(await client.over()).toMatch(/^HTTP\/1\.1 200 [^]*slowHTTP\/1\.1 400 [^]*request_invalid/);

  const withBody = await RawClient.connect(rig.edge, `${handshakeHead('raw.test', 'Content-Length: 4')}body`);
  expect(await withBody.over()).toMatch(/^HTTP\/1\.1 400 /);
  expect(raw.connections).toHaveLength(1);
});

it('on a connection that served requests before, a handshake opens a WebSocket', async () => {
  const client = await RawClient.connect(rig.edge, head('GET / HTTP/1.1', 'Host: shop.test'));
  await client.hears(/"origin"[^]*\}$/);
  client.send(handshakeHead('a.b.shop.test'));
  expect(await client.hears(/welcome to origin/)).toMatch(/HTTP\/1\.1 101 Switching/);
  client.close();
});

it('the policy in force is that of the last change, each time', async () => {
  for (let round = 0; round < 20; round += 1) {
    await rig.set('shop', { enabled: false });
    expect(await handshakeStatus(rig.edge, 'shop.test')).toBe(403);
    await rig.set('shop', { enabled: true });
    expect(await handshakeStatus(rig.edge, 'www.shop.test')).toBe(101);
  }
  expect(await handshakeStatus(rig.edge, 'unknown.test')).toBe(421);
  (await openSocket(rig.edge, 'shop.test')).terminate();
});
