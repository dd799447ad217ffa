import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CERTIFICATE, KEY } from '../../../../test/support/certificate.js';
import { eventually } from '../../../../test/support/condition.js';
import { EdgeRig } from '../../../../test/support/edge-rig.js';
import { head, RawClient } from '../../../../test/support/raw-client.js';
import { RawOrigin } from '../../../../test/support/raw-origin.js';
import { settled } from '../../../../test/support/settled.js';

let rig: EdgeRig;
let raw: RawOrigin;
const servers: Server[] = [];

beforeEach(async () => {
  [rig, raw] = await Promise.all([EdgeRig.start(), RawOrigin.start()]);
  await rig.set('raw', { origin: raw.url });
});
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
  await Promise.all([rig.stop(), raw.stop()]);
});

/** Makes `app.test` an origin that answers so. */
async function app(listener: RequestListener, on = rig): Promise<void> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  await on.set('app', { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
}

/** Sends a request by a connection of its own. */
function ask(host: string, options: object = {}, edge = rig.edge) {
  const [address, port] = edge.split(':');
  return request({ host: address, port, agent: false, setHost: false, headers: { host }, ...options });
}

async function answerOf(outgoing: ReturnType<typeof ask>): Promise<IncomingMessage> {
  return (await once(outgoing, 'response'))[0] as IncomingMessage;
}

async function codeOf(outgoing: ReturnType<typeof ask>): Promise<string> {
  const answer = await answerOf(outgoing.end());
  expect(answer.headers['content-type']).toBe('application/problem+json');
  const problem = JSON.parse(await text(answer)) as { code: string; status: number };
  expect(problem.status).toBe(answer.statusCode);
  return `${answer.statusCode} ${problem.code}`;
}

describe('the head of a request', () => {
  it('reaches the origin without what was meant for the edge', async () => {
    const client = await RawClient.connect(
      rig.edge,
      head(
        'GET /a%20b?x=1&y=%2F HTTP/1.1',
        'Host: raw.test:8088',
        'Connection: close, X-Private',
        'Keep-Alive: timeout=9',
        'TE: trailers',
        'Proxy-Authorization: Basic x',
        'Upgrade: h2c',
        'x-private: 1',
        'X-Twice: 1',
        'X-Twice: 2',
        'X-Forwarded-For: 192.0.2.1',
        'X-Forwarded-Proto: https',
        'Via: 1.0 before',
      ),
    );
    const asked = await (await raw.connection()).hears(/\r\n\r\n/);
    expect(asked.replace(/-[0-9a-f]{8}\r/, '\r').split('\r\n')).toEqual([
      'GET /a%20b?x=1&y=%2F HTTP/1.1',
      'Host: raw.test:8088',
      'X-Twice: 1',
      'X-Twice: 2',
      'X-Forwarded-For: 192.0.2.1, 127.0.0.1',
      'X-Forwarded-Host: raw.test:8088',
      'X-Forwarded-Proto: http',
      'Forwarded: for=127.0.0.1;host="raw.test:8088";proto=http',
      'Via: 1.0 before, 1.1 upgate',
      'Connection: keep-alive',
      '',
      '',
    ]);
    client.close();
  });

  it.each([
    ['GET http://raw.test/page?q=1 HTTP/1.1', 'GET /page?q=1 HTTP/1.1'],
    ['GET HTTP://RAW.test?q=1 HTTP/1.1', 'GET /?q=1 HTTP/1.1'],
    ['OPTIONS * HTTP/1.1', 'OPTIONS * HTTP/1.1'],
    ['OPTIONS http://raw.test HTTP/1.1', 'OPTIONS * HTTP/1.1'],
    ['GET //other.test/ HTTP/1.1', 'GET //other.test/ HTTP/1.1'],
  ])('%s is asked as %s', async (line, asked) => {
    const host = line.includes('http://') || line.includes('HTTP://') ? 'elsewhere.test' : 'raw.test';
    const client = await RawClient.connect(rig.edge, head(line, `Host: ${host}`));
    const heard = await (await raw.connection()).hears(/\r\n\r\n/);
    expect(heard.split('\r\n')[0]).toBe(asked);
    expect(heard).toMatch(/^Host: raw\.test\r$/im);
    client.close();
  });
});

describe('a request that goes nowhere', () => {
  it.each([
    ['an unknown host', 'nobody.test', '421 host_unknown'],
    ['an address', '127.0.0.1:8088', '421 host_unknown'],
    ['no valid host', 'a b', '400 host_invalid'],
    ['user information', 'user@raw.test', '400 host_invalid'],
    ['an empty host', '', '400 host_invalid'],
  ])('because of %s', async (_why, host, code) => {
    expect(await codeOf(ask(host))).toBe(code);
    expect(raw.connections).toHaveLength(0);
  });

  it.each([
    ['no Host', ['GET / HTTP/1.1'], /^HTTP\/1\.1 400 [^]*host_invalid/],
    ['no Host, in HTTP/1.0', ['GET / HTTP/1.0'], /^HTTP\/1\.1 400 [^]*host_invalid/],
    ['two Hosts', ['GET / HTTP/1.1', 'Host: raw.test', 'Host: raw.test'], /^HTTP\/1\.1 400 [^]*host_invalid/],
    ['a target that is no path', ['GET * HTTP/1.1', 'Host: raw.test'], /^HTTP\/1\.1 400 [^]*request_invalid/],
    ['another scheme', ['GET ftp://raw.test/ HTTP/1.1', 'Host: raw.test'], /^HTTP\/1\.1 400 /],
    [
      'CONNECT',
      ['CONNECT raw.test:443 HTTP/1.1', 'Host: raw.test'],
      /^HTTP\/1\.1 405 [^]*method_not_allowed/,
    ],
    [
      'a transfer coding that is not known',
      ['POST / HTTP/1.1', 'Host: raw.test', 'Transfer-Encoding: gzip, chunked'],
      /^HTTP\/1\.1 501 [^]*transfer_coding_unknown/,
    ],
  ])('because of %s', async (_why, lines, answer) => {
    const client = await RawClient.connect(rig.edge, head(...lines));
    const heard = await client.over();
    expect(heard).toMatch(answer);
    expect(heard).toMatch(/^connection: close\r$/im);
    expect(raw.connections).toHaveLength(0);
  });

  it('because its origin cannot be reached, or goes away, or speaks nonsense', async () => {
    await rig.set('gone', { origin: 'http://127.0.0.1:1' });
    await rig.set('nameless', { origin: 'http://nothing.invalid' });
    expect(await codeOf(ask('gone.test'))).toBe('502 origin_unreachable');
    expect(await codeOf(ask('nameless.test'))).toBe('502 origin_unreachable');

    const lost = codeOf(ask('raw.test'));
    (await raw.connection()).socket.destroy();
    expect(await lost).toBe('502 origin_failed');

    const nonsense = codeOf(ask('raw.test'));
    (await raw.connection(1)).send('SSH-2.0-OpenSSH_9\r\n\r\n');
    expect(await nonsense).toBe('502 origin_failed');

    const switched = codeOf(ask('raw.test'));
    (await raw.connection(2)).send(
      head('HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade', 'Upgrade: foo'),
    );
    expect(await switched).toBe('502 origin_failed');

    const impossible = codeOf(ask('raw.test'));
    (await raw.connection(3)).send(head('HTTP/1.1 042 What', 'Content-Length: 0'));
    expect(await impossible).toBe('502 origin_failed');
  });

  it('because nothing comes from the origin, or the rest of the body from the client', async () => {
    const impatient = await EdgeRig.start({ httpIdleMs: 100 });
    await impatient.set('raw', { origin: raw.url });
    expect(await codeOf(ask('raw.test', {}, impatient.edge))).toBe('504 origin_timeout');
    const client = await RawClient.connect(
      impatient.edge,
      head('POST / HTTP/1.1', 'Host: raw.test', 'Content-Length: 10') + 'half',
    );
    expect(await client.over()).toMatch(/^HTTP\/1\.1 408 [^]*request_timeout/);
    await impatient.stop();
  });

  it('because its origin does not take the body', async () => {
    const impatient = await EdgeRig.start({ httpIdleMs: 1_000 });
    await app(() => undefined, impatient);
    const outgoing = ask('app.test', { method: 'POST' }, impatient.edge);
    outgoing.write(Buffer.alloc(50_000_000));
    expect(await codeOf(outgoing)).toBe('504 origin_timeout');
    outgoing.destroy();
    await impatient.stop();
  });
});

it('a request that comes back to the edge ends there', async () => {
  await rig.set('loop', { origin: `http://${rig.edge}` });
  expect(await codeOf(ask('loop.test'))).toBe('508 loop_detected');
});

describe('bodies', () => {
  it('stream both ways, chunked, with every repeated header, each byte once', async () => {
    await app((incoming, response) => {
      response.writeHead(207, [
        'Set-Cookie',
        'a=1',
        'Set-Cookie',
        'b=2',
        'X-Te',
        incoming.headers['transfer-encoding']!,
      ]);
      incoming.pipe(response);
    });
    const outgoing = ask('app.test', { method: 'POST' });
    outgoing.write('first');
    const answer = await answerOf(outgoing);
    expect(answer.statusCode).toBe(207);
    expect(answer.headers['set-cookie']).toEqual(['a=1', 'b=2']);
    expect(answer.headers['x-te']).toBe('chunked');
    expect(answer.headers['via']).toMatch(/^1\.1 upgate-/);
    expect(String((await once(answer, 'data'))[0])).toBe('first');
    outgoing.end(' second');
    expect(await text(answer)).toBe(' second');
  });

  it('of 50 MB arrive whole each way', async () => {
    await app((incoming, response) => {
      response.writeHead(200, { 'Content-Length': incoming.headers['content-length'] });
      incoming.pipe(response);
    });
    const body = Buffer.alloc(50_000_000, 'abcdefgh');
    const outgoing = ask('app.test', {
      method: 'PUT',
      headers: { host: 'app.test', 'content-length': body.length },
    });
    outgoing.end(body);
    const answer = await answerOf(outgoing);
    expect(Buffer.from(await text(answer)).equals(body)).toBe(true);
  });

  it('wait for a reader that does not read, and are not heaped up', async () => {
    let written = 0;
    const full = 100_000_000;
    await app((_incoming, response) => {
      const chunk = Buffer.alloc(1_000_000);
      const fill = () => {
        while (written < full) {
          written += chunk.length;
          if (!response.write(chunk)) return void response.once('drain', fill);
        }
        response.end();
      };
      fill();
    });
    const outgoing = ask('app.test').end();
    const answer = await answerOf(outgoing);
    expect(await settled('what the origin has written', () => written)).toBeLessThan(full / 2);
    let received = 0;
    for await (const chunk of answer) received += (chunk as Buffer).length;
    expect(received).toBe(full);
  });

  it.each([
    ['HEAD', 200, ['Content-Length: 5'], /\r\ncontent-length: 5\r\n/i],
    ['HEAD', 200, ['Transfer-Encoding: chunked'], /^HTTP\/1\.1 200 OK\r\n/],
    ['GET', 204, [], /^HTTP\/1\.1 204 /],
    ['GET', 304, ['ETag: "1"', 'Content-Length: 5'], /\r\netag: "1"\r\n/i],
  ])('are none after %s and %d, and the connection serves on', async (method, status, headers, expected) => {
    const client = await RawClient.connect(rig.edge, head(`${method} / HTTP/1.1`, 'Host: raw.test'));
    const connection = await raw.connection();
    connection.send(head(`HTTP/1.1 ${status} OK`, ...headers));
    expect(await client.hears(/\r\n\r\n$/)).toMatch(expected);
    expect(client.received).not.toMatch(/transfer-encoding/i);
    client.send(head('GET /next HTTP/1.1', 'Host: raw.test', 'Connection: close'));
    await connection.hears(/GET \/next/);
    connection.send(head('HTTP/1.1 200 OK', 'Content-Length: 2') + 'ok');
    expect(await client.over()).toMatch(/HTTP\/1\.1 200 OK[^]*\r\n\r\nok$/);
  });

  it('are framed as the edge understood them', async () => {
    const client = await RawClient.connect(
      rig.edge,
      head('POST / HTTP/1.1', 'Host: raw.test', 'Connection: Content-Length', 'Content-Length: 3') + 'abc',
    );
    const asked = await (await raw.connection()).hears(/abc$/);
    expect(asked).toMatch(/^Content-Length: 3\r$/m);
    expect(asked).not.toMatch(/transfer-encoding/i);
    client.close();

    const many = Array.from({ length: 2_500 }, () => 'a:');
    const large = await RawClient.connect(
      rig.edge,
      head('GET / HTTP/1.1', 'Host: raw.test', ...many, 'Content-Length: 3') + 'abc',
    );
    expect(await (await raw.connection(1)).hears(/abc$/)).toMatch(/^Content-Length: 3\r$/m);
    large.close();
  });

  it('of HTTP/1.0 end with the connection', async () => {
    const client = await RawClient.connect(rig.edge, head('GET / HTTP/1.0', 'Host: raw.test'));
    const connection = await raw.connection();
    connection.send(`${head('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked')}2\r\nhi\r\n0\r\n\r\n`);
    expect(await client.over()).toMatch(/\r\n\r\nhi$/);
    expect(client.received).not.toMatch(/transfer-encoding/i);
  });
});

describe('an end that comes too soon', () => {
  it.each([
    ['HTTP/1.1', 'Content-Length: 100'],
    ['HTTP/1.1', 'Transfer-Encoding: chunked'],
    ['HTTP/1.0', 'Transfer-Encoding: chunked'],
  ])('of the answer is no clean end for %s after %s', async (version, framing) => {
    const client = await RawClient.connect(rig.edge, head(`GET / ${version}`, 'Host: raw.test'));
    const connection = await raw.connection();
    connection.send(`${head('HTTP/1.1 200 OK', framing)}64\r\nhalf`);
    await client.hears(/half/);
    connection.socket.destroy();
    await client.over();
    expect(client.ended).toBe('reset');
  });

  it('of the client is passed on to the origin, before the answer and during it', async () => {
    const leaving = await RawClient.connect(
      rig.edge,
      head('POST / HTTP/1.1', 'Host: raw.test', 'Content-Length: 9') + 'half',
    );
    const first = await raw.connection();
    await first.hears(/half$/);
    leaving.close();
    await eventually('the origin to be let go', () => first.ended);

    const other = await RawClient.connect(rig.edge, head('GET / HTTP/1.1', 'Host: raw.test'));
    const second = await raw.connection(1);
    second.send(`${head('HTTP/1.1 200 OK', 'Content-Length: 100')}half`);
    await other.hears(/half$/);
    other.close();
    await eventually('the origin to be let go', () => second.ended);
  });

  it('of the body, after an early answer, is passed on too', async () => {
    const client = await RawClient.connect(
      rig.edge,
      head('POST / HTTP/1.1', 'Host: raw.test', 'Content-Length: 9') + 'half',
    );
    const connection = await raw.connection();
    connection.send(head('HTTP/1.1 202 Accepted', 'Content-Length: 0'));
    await client.hears(/^HTTP\/1\.1 202 /);
    client.close();
    await eventually('the origin to be let go', () => connection.ended);
  });

  it('of the origin, after an early answer, leaves a connection that can be used', async () => {
    const rest = Buffer.alloc(3_000_000, 'x');
    const client = await RawClient.connect(
      rig.edge,
      head('POST / HTTP/1.1', 'Host: raw.test', `Content-Length: ${4 + rest.length}`) + 'half',
    );
    const connection = await raw.connection();
    await connection.hears(/half$/);
    connection.send(head('HTTP/1.1 413 Too Large', 'Content-Length: 0'));
    await client.hears(/^HTTP\/1\.1 413 /);
    connection.socket.resetAndDestroy();
    client.send(rest);
    client.send(head('GET /next HTTP/1.1', 'Host: raw.test'));
    expect(await (await raw.connection(1)).hears(/\r\n\r\n/)).toMatch(/^GET \/next /);
    client.close();
  });
});

it('answers that come early leave nothing behind on their connection', async () => {
  await app((incoming, response) => {
    incoming.resume();
    response.end('early');
  });
  const warnings: string[] = [];
  const note = ({ name }: Error) => warnings.push(name);
  process.on('warning', note);
  const client = await RawClient.connect(rig.edge);
  for (let count = 1; count <= 20; count += 1) {
    client.send(head('POST / HTTP/1.1', 'Host: app.test', 'Content-Length: 4'));
    await eventually(`answer ${count}`, () => client.received.split('early').length > count);
    client.send('body');
  }
  client.close();
  process.off('warning', note);
  expect(warnings).toEqual([]);
});

describe('Expect: 100-continue', () => {
  const expecting = head('POST / HTTP/1.1', 'Host: raw.test', 'Expect: 100-continue', 'Content-Length: 4');

  it('goes to the origin, and its leave to the client', async () => {
    const client = await RawClient.connect(rig.edge, expecting);
    const connection = await raw.connection();
    expect(await connection.hears(/\r\n\r\n$/)).toMatch(/^Expect: 100-continue\r$/m);
    expect(client.received).toBe('');
    connection.send(head('HTTP/1.1 100 Continue'));
    await client.hears(/^HTTP\/1\.1 100 Continue\r\n\r\n$/);
    client.send('body');
    await connection.hears(/body$/);
    connection.send(head('HTTP/1.1 201 Created', 'Content-Length: 0'));
    expect(await client.hears(/HTTP\/1\.1 201 [^]*\r\n\r\n/)).not.toMatch(/connection: close/i);
    client.close();
  });

  it('may be answered at once, after which the connection ends', async () => {
    const client = await RawClient.connect(rig.edge, expecting);
    const connection = await raw.connection();
    await connection.hears(/\r\n\r\n$/);
    connection.send(head('HTTP/1.1 401 Unauthorized', 'Content-Length: 0'));
    expect(await client.over()).toMatch(/^HTTP\/1\.1 401 [^]*connection: close/i);
  });
});

it('an expectation that is not known is not answered here', async () => {
  const client = await RawClient.connect(rig.edge, head('GET / HTTP/1.1', 'Host: raw.test', 'Expect: more'));
  (await raw.connection()).send(head('HTTP/1.1 204 No Content'));
  expect(await client.hears(/^HTTP\/1\.1 204 /)).toMatch('HTTP/1.1 204 No Content');
  client.close();
});

it('early hints are passed on, and those not well-formed left out', async () => {
  const client = await RawClient.connect(rig.edge, head('GET / HTTP/1.1', 'Host: raw.test'));
  const connection = await raw.connection();
  connection.send(head('HTTP/1.1 103 Early Hints', 'Link: nonsense'));
  connection.send(head('HTTP/1.1 103 Early Hints', 'Link: </style.css>; rel=preload; as=style'));
  connection.send(head('HTTP/1.1 200 OK', 'Content-Length: 0'));
  const heard = await client.hears(/HTTP\/1\.1 200 /);
  expect(heard).toContain('Link: </style.css>; rel=preload; as=style\r\n');
  expect(heard).not.toContain('nonsense');
  client.close();
});

describe('a connection to the origin', () => {
  const ok = head('HTTP/1.1 200 OK', 'Content-Length: 0');

  async function used(): Promise<void> {
    const first = answerOf(ask('raw.test').end());
    (await raw.connection()).send(ok);
    (await first).resume();
    await eventually('its connection to be free', () => rig.lines.length > 0);
  }

  it('is used again, and if it was just closed, a request that does no harm twice is sent anew', async () => {
    await used();
    const second = answerOf(ask('raw.test').end());
    const connection = await raw.connection();
    await connection.hears(/GET [^]*GET /);
    connection.socket.destroy();
    (await raw.connection(1)).send(ok);
    expect((await second).statusCode).toBe(200);
  });

  it('that was just closed fails a request that might do harm twice', async () => {
    await used();
    const second = codeOf(ask('raw.test', { method: 'POST' }));
    const connection = await raw.connection();
    await connection.hears(/POST /);
    connection.socket.destroy();
    expect(await second).toBe('502 origin_failed');
    expect(raw.connections).toHaveLength(1);
  });

  it('by TLS names the host of the origin, and its certificate must be good for that', async () => {
    const names: unknown[] = [];
    const server = createSecureServer({ key: KEY, cert: CERTIFICATE }, (incoming, response) =>
      response.end(incoming.headers.host),
    );
    server.on('secureConnection', (socket) => names.push(socket.servername));
    servers.push(server);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    await rig.set('safe', { origin: `https://localhost:${(server.address() as AddressInfo).port}` });
    expect(await codeOf(ask('safe.test'))).toBe('502 origin_certificate_invalid');

    const before = getCACertificates('default');
    setDefaultCACertificates([...before, CERTIFICATE]);
    expect(await text(await answerOf(ask('safe.test').end()))).toBe('safe.test');
    expect(names.at(-1)).toBe('localhost');
    setDefaultCACertificates(before);
  });
});

it('logs a request in one line, without its query', async () => {
  await app((_incoming, response) => response.writeHead(418).end());
  await answerOf(ask('app.test', { path: '/tea?token=secret' }).end());
  await eventually('the line', () => rig.lines.length > 0);
  expect(rig.lines).toMatchObject([
    { message: 'request', method: 'GET', host: 'app.test', path: '/tea', resource: 'app', status: 418 },
  ]);
  expect(JSON.stringify(rig.lines)).not.toContain('secret');
});
