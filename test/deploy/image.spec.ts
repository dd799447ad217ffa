import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { CommandAnswerJson } from '#contract';
import { eventually } from '../support/condition.js';
import { NatsServer } from '../support/nats.js';
import { freePorts } from '../support/ports.js';
import { STEPS } from './dockerfile.js';
import { Image, type Running } from './image.js';

let image: Image;
let nats: NatsServer;
let running: Running[];

beforeAll(async () => {
  [image, nats] = await Promise.all([Image.build(), NatsServer.launch()]);
  running = [];
}, 300_000);
afterEach(async () => {
  for (const { child } of running) child.kill('SIGKILL');
  await Promise.all(running.splice(0).map(({ ended }) => ended));
});
afterAll(async () => {
  await nats.stop();
  await image.remove();
});

/** Addresses on loopback in the place of those of a container. */
async function addresses() {
  const [http, grpc, edge, agent] = await freePorts(4);
  return {
    UPGATE_HTTP: `127.0.0.1:${http}`,
    UPGATE_GRPC: `127.0.0.1:${grpc}`,
    UPGATE_EDGE: `127.0.0.1:${edge}`,
    UPGATE_AGENT_HTTP: `127.0.0.1:${agent}`,
  };
}

async function start(program: string, env: Record<string, string>): Promise<Running> {
  const started = image.start([program], env);
  running.push(started);
  const well = async () => {
    if (started.child.exitCode !== null) throw new Error(`it has ended:\n${started.said()}`);
    return (await image.health(env)) === 0;
  };
  await eventually(`${program} to be well`, well, 60_000);
  return started;
}

async function switchOff(http: string): Promise<CommandAnswerJson> {
  const body = { id: 'shop', cname: 'shop.test', origin: 'http://127.0.0.1:9', integration: 'full' };
  const url = `http://${http}/v1/resources?wait=applied&timeout=15s`;
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  expect(response.status).toBe(201);
  return (await response.json()) as CommandAnswerJson;
}

describe('the image', { timeout: 90_000 }, () => {
  it('is made by the steps that were run here', () => {
    expect(STEPS).toEqual([
      '/install.sh /app',
      'npm ci --include=dev',
      'docker/compile.sh /app',
      'install -d -o node -g node /data',
    ]);
  });

  it('runs every part as an ordinary user who can write to its volume alone, until SIGTERM', async () => {
    const control = await image.volume('control');
    const env = {
      ...(await addresses()),
      UPGATE_DATA: control,
      UPGATE_NATS: nats.url,
      UPGATE_FLEET: 'parts',
    };
    const command = await start('command', env);
    const readSide = { ...env, ...(await addresses()) };
    const projection = await start('projection', readSide);
    const edge = {
      ...env,
      ...(await addresses()),
      UPGATE_DATA: await image.volume('edge'),
      UPGATE_NODE: 'edge-1',
    };
    const agent = await start('edge-agent', edge);
    await eventually('the node to be live', async () => {
      const edges = (await (await fetch(`http://${readSide.UPGATE_HTTP}/v1/edges`)).json()) as {
        items: object[];
      };
      return edges.items.length === 1;
    });
    expect((await switchOff(env.UPGATE_HTTP)).convergence).toMatchObject({ status: 'applied', required: 1 });

    for (const { child } of running) child.kill('SIGTERM');
    expect(await Promise.all([command, projection, agent].map(({ ended }) => ended))).toEqual([0, 0, 0]);
  });

  it('runs all in one with a NATS server elsewhere, builds its read model anew and copies its log', async () => {
    const env = {
      ...(await addresses()),
      UPGATE_DATA: await image.volume('standalone'),
      UPGATE_NATS: nats.url,
      UPGATE_FLEET: 'one',
      UPGATE_NODE: 'edge-1',
    };
    const standalone = await start('standalone', env);
    expect((await switchOff(env.UPGATE_HTTP)).convergence).toMatchObject({ status: 'applied', required: 1 });
    standalone.child.kill('SIGTERM');
    expect(await standalone.ended).toBe(0);

    const rebuild = image.start(['rebuild'], env);
    expect(await rebuild.ended).toBe(0);
    const copy = image.start(['log', 'export'], env);
    expect(await copy.ended).toBe(0);
    expect(copy.said()).toContain('CdnResourceCreated');
  });

  it('is not well when nothing answers', async () => {
    expect(await image.health(await addresses())).toBe(1);
  });

  it('names its programs when asked for another', async () => {
    const other = image.start(['panel'], {});
    expect(await other.ended).toBe(64);
    expect(other.said()).toContain('Usage: upgate command | projection | edge-agent');
  });
});
