import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { request, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CommandAnswerJson } from '#contract';
import { LOG_ADDRESSES } from '#event-store';
import { eventually } from '../../../test/support/condition.js';
import { NatsServer } from '../../../test/support/nats.js';
import { freePorts } from '../../../test/support/ports.js';
import { Program } from '../../../test/support/program.js';

let data: string;
const programs: Program[] = [];

beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'upgate-command-'));
});
afterEach(async () => {
  await Promise.all(programs.splice(0).map((program) => program.kill()));
  await rm(data, { recursive: true });
});

interface Running {
  program: Program;
  url: string;
}

async function run(more: Record<string, string> = {}): Promise<Running> {
  const [http, grpc] = await freePorts(2);
  const env = {
    UPGATE_DATA: data,
    UPGATE_HTTP: `127.0.0.1:${http}`,
    UPGATE_GRPC: `127.0.0.1:${grpc}`,
    ...more,
  };
  const program = new Program('apps/command/src/main.js', env);
  programs.push(program);
  return { program, url: `http://127.0.0.1:${http}` };
}

async function start(more?: Record<string, string>): Promise<Running> {
  const running = await run(more);
  await eventually('the write side to be ready', async () => {
    if (!running.program.running) throw new Error(running.program.said);
    return (await fetch(`${running.url}/readyz`)).ok;
  });
  return running;
}

const body = (cname: string) => JSON.stringify({ cname, origin: 'http://o.test', integration: 'full' });

function create(url: string, cname: string, query = ''): Promise<Response> {
  const headers = { 'content-type': 'application/json' };
  return fetch(`${url}/v1/resources${query}`, { method: 'POST', headers, body: body(cname) });
}

describe('the write side as a program', () => {
  it('answers what is under way when it is told to stop, also who waits for edges', async () => {
    const nats = await NatsServer.launch();
    const { program, url } = await start({ UPGATE_NATS: nats.url });
    const waiting = create(url, 'waiting.test', '?wait=applied&timeout=60s');
    const { outgoing, response } = openBatch(url);
    const [line] = (await once((await response).setEncoding('utf8'), 'data')) as [string];
    expect(line).toMatch(/"status":201/);
    program.signal('SIGTERM');
    const answer = (await (await waiting).json()) as CommandAnswerJson;
    expect(answer).toMatchObject({ changed: true, convergence: { status: 'pending' } });
    outgoing.on('error', () => undefined).end();
    expect(await program.exited()).toBe(0);
    await nats.stop();
  });

  function openBatch(url: string): {
    outgoing: ReturnType<typeof request>;
    response: Promise<IncomingMessage>;
  } {
    const headers = { 'content-type': 'application/x-ndjson' };
    const outgoing = request(`${url}/v1/resources:batch`, { method: 'POST', headers, agent: false });
    const response = once(outgoing, 'response').then(([incoming]) => incoming as IncomingMessage);
    outgoing.write(`${body('batch.test')}\n`);
    return { outgoing, response };
  }

  it('shares its log with another of its kind', async () => {
    const [one, other] = [await start(), await start()];
    expect((await create(one.url, 'wanted.test')).status).toBe(201);
    expect((await create(other.url, 'wanted.test')).status).toBe(409);
    expect((await create(other.url, 'free.test')).status).toBe(201);
    expect((await create(one.url, 'free.test')).status).toBe(409);
  });

  it.each([
    ['kurrentdb://127.0.0.1:2113?tls=maybe', ': Unexpected "maybe"'],
    ['kurrentdb://me:hidden@127.0.0.1:2113?tls=maybe', '\n'],
  ])('says that it cannot use %s', async (UPGATE_STORE, why) => {
    const { program } = await run({ UPGATE_STORE });
    expect(await program.exited()).toBe(1);
    expect(program.stderr).toContain(
      `The client of KurrentDB does not take the address in UPGATE_STORE${why}`,
    );
    expect(program.stderr).not.toContain('hidden');
  });

  it('names every bad variable, and what is allowed', async () => {
    const { program } = await run({ UPGATE_HTTP: 'here', UPGATE_STORE: 'paper', UPGATE_FLEET: 'a.b' });
    expect(await program.exited()).toBe(1);
    expect(program.stderr.trim().split('\n').toSorted()).toEqual([
      '  UPGATE_FLEET="a.b": must be 1 to 64 letters, digits, "-" and "_"',
      '  UPGATE_HTTP="here": must be an address and port, such as 127.0.0.1:8080',
      `  UPGATE_STORE="paper": ${LOG_ADDRESSES}`,
      'The configuration is not valid.',
    ]);
  });

  it('says in one line that its port is taken', async () => {
    const { url } = await start();
    const { program } = await run({ UPGATE_HTTP: url.slice('http://'.length) });
    expect(await program.exited()).toBe(1);
    expect(program.stderr).toMatch(/^Cannot listen on .*: another program uses it\. .*UPGATE_HTTP\.\n$/);
  });

  it('logs one line for a request, with the position in it', async () => {
    const { program, url } = await start();
    const { position } = (await (await create(url, 'logged.test')).json()) as CommandAnswerJson;
    const line = await eventually('the line', () =>
      program.lines.find(({ msg, path }) => msg === 'request' && path === '/v1/resources'),
    );
    expect(line).toMatchObject({ method: 'POST', status: 201, position });
  });
});
