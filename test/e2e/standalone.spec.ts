import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { eventually } from '../support/condition.js';
import { Program } from '../support/program.js';
import { Upgate } from '../support/upgate.js';

const ROOT = join(import.meta.dirname, '../..');

const cleanUp: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const undo of cleanUp.splice(0).toReversed()) await undo();
});

async function created(env: Record<string, string> = {}): Promise<Upgate> {
  const upgate = await Upgate.create(env);
  cleanUp.push(() => upgate.remove());
  return upgate;
}

/** Starts a program that must not start, and gives what it said. */
async function refusal(env: Record<string, string>): Promise<string> {
  const program = new Program('apps/standalone/src/main.js', env);
  cleanUp.push(() => program.stop());
  expect(await program.exited()).toBe(1);
  expect(program.stderr).not.toContain('    at ');
  return program.stderr;
}

describe('the program', () => {
  it('names every setting that is wrong, its value and what is allowed', async () => {
    const said = await refusal({
      UPGATE_HTTP: 'here',
      UPGATE_NATS_PORT: '99999',
      UPGATE_STORE: 'oracle',
      UPGATE_NODE: 'a b',
    });
    expect(said).toMatch(/UPGATE_HTTP="here": must be an address and port/);
    expect(said).toMatch(/UPGATE_NATS_PORT="99999": must be a port from 1 to 65535/);
    expect(said).toMatch(/UPGATE_STORE="oracle": must be sqlite/);
    expect(said).toMatch(/UPGATE_NODE="a b": must be /);
  });

  it.each(['UPGATE_HTTP', 'UPGATE_GRPC', 'UPGATE_EDGE', 'UPGATE_AGENT_HTTP', 'UPGATE_NATS_PORT'])(
    'says so when the port of %s is taken, and leaves nothing behind',
    async (variable) => {
      const upgate = await created();
      const port = Number(upgate.env[variable]!.split(':').at(-1));
      const squatter = createServer().listen(port, '127.0.0.1');
      await once(squatter, 'listening');
      const said = await refusal({ ...upgate.env });
      expect(said).toContain(String(port));
      expect(said).toContain(variable);
      squatter.close();
      await once(squatter, 'close');
      await upgate.start();
    },
  );

  it('does not run twice on one data folder', async () => {
    const upgate = await created();
    await upgate.start();
    const rival = await created();
    expect(await refusal({ ...rival.env, UPGATE_DATA: upgate.data })).toMatch(
      /uses the data folder .*UPGATE_DATA/,
    );
    expect(await upgate.edges()).toMatchObject([{ state: 'live', verdict: 'same' }]);
  });

  it('stops cleanly on Ctrl-C, its NATS server too', async () => {
    const upgate = await created();
    await upgate.start();
    upgate.program.signal('SIGINT');
    expect(await upgate.program.exited()).toBe(0);
    for (const name of ['UPGATE_HTTP', 'UPGATE_GRPC', 'UPGATE_EDGE', 'UPGATE_AGENT_HTTP']) {
      await expect(fetch(`http://${upgate.env[name]}/livez`)).rejects.toThrow('fetch failed');
    }
    const port = Number(upgate.env['UPGATE_NATS_PORT']);
    const probe = createServer().listen(port, '127.0.0.1');
    await once(probe, 'listening');
    probe.close();
  });

  it('has health, readiness and metrics on each of its HTTP addresses', async () => {
    const upgate = await created();
    await upgate.start();
    for (const name of ['UPGATE_HTTP', 'UPGATE_AGENT_HTTP']) {
      for (const path of ['livez', 'readyz', 'metrics']) {
        expect((await fetch(`http://${upgate.env[name]}/${path}`)).status).toBe(200);
      }
    }
    expect((await fetch(`${upgate.api}/docs`)).status).toBe(200);
  });

  it('shows the main job in a demo', async () => {
    const upgate = await created();
    await upgate.start();
    const demo = spawn(process.execPath, [join(ROOT, 'dist/examples/demo/src/main.js')], {
      env: { ...process.env, ...upgate.env, CI: 'true' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    for (const stream of [demo.stdout, demo.stderr])
      stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const [code] = (await once(demo, 'exit')) as [number];
    expect(code, said).toBe(0);
    expect(said).toMatch(/403/);
    expect(said).toMatch(/1008/);
  });

  it('rebuilds its read model to the same digest', async () => {
    const upgate = await created();
    await upgate.start();
    await upgate.createResource({
      id: 'kept',
      cname: 'kept.test',
      origin: 'http://127.0.0.1:9',
      integration: 'full',
    });
    const [before] = await upgate.edges();
    await upgate.program.stop();
    const rebuild = new Program('apps/projection/src/rebuild.js', { ...upgate.env });
    expect(await rebuild.exited(), rebuild.said).toBe(0);
    expect(rebuild.said).toContain(before!.digest);
    await upgate.start();
    await eventually('the edge to be the same', async () =>
      (await upgate.edges()).every(({ verdict, digest }) => verdict === 'same' && digest === before!.digest),
    );
  });
});
