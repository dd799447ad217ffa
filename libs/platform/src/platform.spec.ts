import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { Body, Controller, Get, Module, Param, Post, Res } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { IsBoolean, IsIn, IsInt, Max } from 'class-validator';
import type { FastifyReply } from 'fastify';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  addressOf,
  ApiError,
  ConfigInvalid,
  createHttpApp,
  Env,
  HealthController,
  IsListenAddress,
  parseConfig,
  parseDuration,
  parseListenAddress,
  Readiness,
  validated,
  type ListenAddress,
} from '#platform';
import { eventually } from '../../../test/support/condition.js';

class TestConfig {
  @Env('T_HTTP')
  @IsListenAddress()
  http: ListenAddress = { host: '127.0.0.1', port: 8080 };

  @Env('T_STORE')
  @IsIn(['sqlite'])
  store = 'sqlite';
}

describe('configuration', () => {
  it('takes defaults for what is absent or empty', () => {
    const config = parseConfig(TestConfig, { T_STORE: '' });
    expect(config).toMatchObject({ http: { host: '127.0.0.1', port: 8080 }, store: 'sqlite' });
  });

  it('reads what is given', () => {
    expect(parseConfig(TestConfig, { T_HTTP: '[::1]:0' }).http).toEqual({ host: '::1', port: 0 });
  });

  it('names every variable with a bad value, the value, and what is allowed', () => {
    const parse = () => parseConfig(TestConfig, { T_HTTP: '8080', T_STORE: 'oracle' });
    expect(parse).toThrow(ConfigInvalid);
    expect(parse).toThrow(/T_HTTP="8080": must be an address and port, such as 127\.0\.0\.1:8080/);
    expect(parse).toThrow(/T_STORE="oracle": .*must be one of the following values: sqlite/);
  });

  describe('from files', () => {
    let folder: string;
    let file: string;
    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), 'upgate-config-'));
      file = join(folder, 'secret');
    });
    afterEach(() => rm(folder, { recursive: true }));

    it('reads a variable from the file that its _FILE names, without the end of its line', async () => {
      await writeFile(file, '[::1]:0\n');
      expect(parseConfig(TestConfig, { T_HTTP_FILE: file }).http).toEqual({ host: '::1', port: 0 });
    });

    it('names the file of a bad value, but never shows what it holds', async () => {
      await writeFile(file, 'secret\n');
      const parse = () => parseConfig(TestConfig, { T_HTTP_FILE: file });
      expect(parse).toThrow(`T_HTTP_FILE=${JSON.stringify(file)}: must be an address and port`);
      expect(parse).not.toThrow('"secret"');
    });

    it('refuses a file that is missing or empty, and one beside the variable itself', async () => {
      await writeFile(file, '\n');
      const parse = (env: NodeJS.ProcessEnv) => () => parseConfig(TestConfig, env);
      expect(parse({ T_HTTP_FILE: folder })).toThrow(/T_HTTP_FILE=".*": the file cannot be read: EISDIR/);
      expect(parse({ T_HTTP_FILE: `${file}s` })).toThrow(/T_HTTP_FILE=".*": the file cannot be read: ENOENT/);
      expect(parse({ T_HTTP_FILE: file })).toThrow(/T_HTTP_FILE=".*": the file is empty/);
      expect(parse({ T_HTTP_FILE: file, T_HTTP: '[::1]:0' })).toThrow(
        /T_HTTP_FILE=".*": cannot be given together with T_HTTP/,
      );
    });
  });
});

describe('addresses and durations', () => {
  it.each(['', 'host', 'host:', 'host:65536', ':80', '::1:80', 'a b:80'])(
    'refuses the address %j',
    (address) => {
      expect(parseListenAddress(address)).toBeUndefined();
    },
  );

  it.each([
    ['250ms', 250],
    ['5s', 5000],
    ['1.5s', 1500],
    ['2m', 120_000],
    ['5', undefined],
    ['-1s', undefined],
    ['1h', undefined],
  ])('reads the duration %j as %j ms', (duration, milliseconds) => {
    expect(parseDuration(duration)).toBe(milliseconds);
  });
});

class TestDto {
  @IsBoolean()
  enabled!: boolean;

  @IsInt()
  @Max(10)
  count = 1;
}

describe('validation', () => {
  it('names every bad field, its value and what is allowed', () => {
    const error = errorOf(() => validated(TestDto, { enabled: 'true', count: 11, extra: 1 }));
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ code: 'request_invalid' });
    expect((error as ApiError).errors).toEqual(
      expect.arrayContaining([
        { field: 'enabled', value: 'true', message: 'must be a boolean value' },
        { field: 'count', value: 11, message: 'must not be greater than 10' },
        { field: 'extra', value: 1, message: 'is not a known field' },
      ]),
    );
  });

  it.each(['constructor', 'toString', 'hasOwnProperty', '__proto__', 'foo'])(
    'knows no field %s, whatever objects have by themselves',
    (name) => {
      const input = JSON.parse(`{"enabled":true,"${name}":{"a":1}}`) as object;
      const error = errorOf(() => validated(TestDto, input));
      expect(error).toMatchObject({ code: 'request_invalid' });
      expect((error as ApiError).errors).toMatchObject([{ field: name, message: 'is not a known field' }]);
    },
  );

  it('names such a field also within others', () => {
    const input: unknown = { enabled: true, items: [{ constructor: 1 }] };
    expect(errorOf(() => validated(TestDto, input))).toMatchObject({
      errors: [{ field: 'items.0.constructor', message: 'is not a known field' }],
    });
  });

  it('refuses what is nested very deep', () => {
    const input = JSON.parse(`{"enabled":${'{"a":'.repeat(60_000)}1${'}'.repeat(60_000)}}`) as object;
    const error = errorOf(() => validated(TestDto, input));
    expect(error).toMatchObject({
      code: 'request_invalid',
      message: expect.stringContaining('is nested too deep: 32 levels are allowed') as string,
    });
  });

  it.each([null, [], 'text', 1])('refuses %j in place of an object', (input) => {
    expect(errorOf(() => validated(TestDto, input))).toMatchObject({ code: 'request_invalid' });
  });
});

function errorOf(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error('it did not throw');
}

const waiting: (() => void)[] = [];

@Controller()
class TestController {
  @Get('fails')
  fails(): never {
    throw new Error('the password is secret');
  }

  @Get('refuses')
  refuses(): never {
    throw new ApiError('hostname_taken', 'x.example belongs to shop');
  }

  /** Answers when it is told to. */
  @Post('waits')
  async waits(@Res({ passthrough: true }) reply: FastifyReply): Promise<void> {
    void reply.header('upgate-position', '7');
    const go = Promise.withResolvers<void>();
    waiting.push(go.resolve);
    await go.promise;
  }

  @Post('streams')
  streams(@Res() reply: FastifyReply): void {
    const lines = async function* () {
      const go = Promise.withResolvers<void>();
      waiting.push(go.resolve);
      await go.promise;
      void reply.header('upgate-position', '7');
      yield 'line';
    };
    void reply.send(Readable.from(lines()));
  }

  @Get('things/:id')
  thing(@Param('id') id: string): { id: string } {
    return { id };
  }

  @Post('echo')
  echo(@Body() body: unknown): unknown {
    return body;
  }
}

const readiness = new Readiness();

@Module({
  controllers: [TestController, HealthController],
  providers: [
    { provide: Readiness, useValue: readiness },
    { provide: Registry, useValue: new Registry() },
  ],
})
class TestModule {}

describe('an HTTP application', () => {
  const lines: Record<string, unknown>[] = [];
  let app: NestFastifyApplication;
  let url: string;

  beforeAll(async () => {
    const logger = pino(
      { level: 'trace' },
      { write: (line: string) => void lines.push(JSON.parse(line) as (typeof lines)[0]) },
    );
    app = await createHttpApp(TestModule, logger);
    await app.listen(0, '127.0.0.1');
    url = `http://127.0.0.1:${addressOf(app).port}`;
  });
  afterAll(() => app.close());

  async function problemOf(path: string, init?: RequestInit): Promise<Record<string, unknown>> {
    const response = await fetch(`${url}${path}`, init);
    expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    const problem = (await response.json()) as Record<string, unknown>;
    expect(problem['status']).toBe(response.status);
    return problem;
  }

  const post = (body: string, type = 'application/json') => ({
    method: 'POST',
    body,
    headers: { 'content-type': type },
  });

  it('tells of an error in the terms of RFC 9457', async () => {
    expect(await problemOf('/refuses')).toMatchObject({
      type: 'urn:upgate:problem:hostname_taken',
      status: 409,
      code: 'hostname_taken',
      detail: 'x.example belongs to shop',
    });
  });

  it('keeps an unexpected error to itself, and logs it', async () => {
    const problem = await problemOf('/fails');
    expect(problem).toMatchObject({ status: 500, code: 'internal' });
    expect(JSON.stringify(problem)).not.toContain('secret');
    expect(lines.some((line) => JSON.stringify(line).includes('the password is secret'))).toBe(true);
  });

  it('answers every request that it cannot read with a problem', async () => {
    expect(await problemOf('/nowhere')).toMatchObject({ status: 404, code: 'route_unknown' });
    expect(await problemOf('/echo', post('{"a":'))).toMatchObject({ status: 400, code: 'request_invalid' });
    expect(await problemOf('/echo', post('<a/>', 'application/xml'))).toMatchObject({
      status: 415,
      code: 'media_type_unsupported',
    });
    expect(await problemOf('/echo', post(JSON.stringify('x'.repeat(2 ** 20))))).toMatchObject({
      status: 413,
      code: 'body_too_large',
    });
  });

  it('takes JSON in UTF-8 only', async () => {
    const sent = (body: Uint8Array<ArrayBuffer>, type = 'application/json') => ({
      method: 'POST',
      body,
      headers: { 'content-type': type },
    });
    const latin1 = Uint8Array.from(Buffer.from('{"reason":"caf\u00e9"}', 'latin1'));
    const utf8 = new TextEncoder().encode('{"reason":"caf\u00e9"}');
    expect(await problemOf('/echo', sent(latin1))).toMatchObject({
      code: 'request_invalid',
      detail: 'the body is not UTF-8',
    });
    expect(await problemOf('/echo', sent(utf8, 'application/json; charset=ISO-8859-1'))).toMatchObject({
      status: 415,
      code: 'media_type_unsupported',
    });
    const taken = await fetch(`${url}/echo`, sent(utf8, 'application/json; charset="UTF-8"'));
    expect(await taken.json()).toEqual({ reason: 'caf\u00e9' });
  });

  it('takes no bytes for no body, and refuses one that would change what objects inherit', async () => {
    const headers = { 'content-type': 'application/json' };
    expect((await fetch(`${url}/echo`, { method: 'POST', headers })).status).toBe(201);
    expect(await problemOf('/echo', post('{"__proto__":{}}'))).toMatchObject({ code: 'request_invalid' });
  });

  it('tells of a path that is not UTF-8 as of any other error, and logs it', async () => {
    const response = await fetch(`${url}/things/%ff?a=b`, { headers: { 'x-request-id': 'bad-path' } });
    expect(response.status).toBe(400);
    expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(response.headers.get('x-request-id')).toBe('bad-path');
    expect(await response.json()).toMatchObject({ code: 'request_invalid', requestId: 'bad-path' });
    expect(lines.filter((line) => line['requestId'] === 'bad-path')).toMatchObject([
      { msg: 'request', path: '/things/%ff', status: 400 },
    ]);
  });

  it('takes a part of the path of any length, also encoded', async () => {
    const id = 'ü'.repeat(500);
    const response = await fetch(`${url}/things/${encodeURIComponent(id)}`);
    expect(await response.json()).toEqual({ id });
  });

  it('knows the methods of a path, but no path that only looks like it', async () => {
    expect(await problemOf('/things/a', { method: 'DELETE' })).toMatchObject({ status: 405 });
    expect(await problemOf('/things/')).toMatchObject({ status: 404, code: 'route_unknown' });
    expect(await problemOf('/things/a/')).toMatchObject({ status: 404, code: 'route_unknown' });
    expect(await problemOf('/echo/', { method: 'POST' })).toMatchObject({ status: 404 });
  });

  it('takes a request id from the caller, or makes one, and logs a line per request', async () => {
    const response = await fetch(`${url}/echo`, {
      ...post('{}'),
      headers: { 'content-type': 'application/json', 'x-request-id': 'abc' },
    });
    expect(response.headers.get('x-request-id')).toBe('abc');
    expect(lines.find((line) => line['requestId'] === 'abc')).toMatchObject({
      msg: 'request',
      path: '/echo',
      status: 201,
    });
  });

  it.each(['/waits', '/streams'])(
    'logs a request whose client has gone before the answer: %s',
    async (path) => {
      const accepted = once(app.getHttpServer() as Server, 'connection') as Promise<[Socket]>;
      const socket = connect(addressOf(app).port, '127.0.0.1');
      const [serverSide] = await accepted;
      const requestId = `gone-${path.slice(1)}`;
      socket.write(`POST ${path} HTTP/1.1\r\nHost: a\r\nX-Request-Id: ${requestId}\r\n\r\n`);
      const go = await eventually('the request to come', () => waiting.pop());
      socket.destroy();
      await eventually('the server to know', () => serverSide.destroyed);
      const told = () => lines.filter((line) => line['requestId'] === requestId);
      expect(told()).toEqual([]);
      go();
      await eventually('the line', () => told().length > 0);
      expect(told()).toMatchObject([{ path, status: 201, position: '7', clientGone: true }]);
    },
  );

  it('says whether it is ready, and why not', async () => {
    let problem: string | undefined = 'no log';
    readiness.add('store', () => problem);
    expect(await (await fetch(`${url}/readyz`)).json()).toEqual({
      status: 'not ready',
      problems: { store: 'no log' },
    });
    problem = undefined;
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    expect((await fetch(`${url}/livez`)).status).toBe(200);
    expect((await fetch(`${url}/metrics`)).headers.get('content-type')).toMatch(/^text\/plain/);
  });

  async function answerTo(bytes: string): Promise<string> {
    const socket = connect(addressOf(app).port, '127.0.0.1');
    socket.write(bytes);
    return text(socket);
  }

  it('answers what is not HTTP at all with a problem, and goes on', async () => {
    const answer = await answerTo('\u0016\u0003\u0001 this is not HTTP\r\n\r\n');
    const [head, body] = answer.split('\r\n\r\n');
    expect(head).toMatch(/^HTTP\/1\.1 400 Bad Request\r\nContent-Type: application\/problem\+json\r\n/);
    expect(JSON.parse(body!)).toMatchObject({ status: 400, code: 'request_invalid' });
    const long = await answerTo(`GET / HTTP/1.1\r\nHost: a\r\nX-Long: ${'x'.repeat(20_000)}\r\n\r\n`);
    expect(long).toMatch(/^HTTP\/1\.1 413 /);
    expect(long).toContain('"the head of a request has at most 16 KB"');
    expect((await fetch(`${url}/livez`)).status).toBe(200);
  });

  it('asks HTTP/1.1 for the host, and nobody else', async () => {
    const refused = await answerTo('GET /livez HTTP/1.1\r\nConnection: close\r\n\r\n');
    expect(refused).toMatch(/^HTTP\/1\.1 400 /);
    expect(refused).toContain('"code":"request_invalid"');
    expect(refused).toContain('"field":"host"');
    expect(await answerTo('GET /livez HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1\.1 200 /);
  });
});
