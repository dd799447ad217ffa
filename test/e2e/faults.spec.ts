import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { CommandAnswerJson } from '#contract';
import { eventually } from '../support/condition.js';
import { EdgeAgent } from '../support/edge-agent.js';
import { echo, handshakeStatus, openSocket } from '../support/edge-client.js';
import { NatsServer } from '../support/nats.js';
import { Origin } from '../support/origin.js';
import { freePorts } from '../support/ports.js';
import { Upgate } from '../support/upgate.js';

const cleanUp: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const undo of cleanUp.splice(0).toReversed()) await undo();
});

async function start(env: Record<string, string> = {}): Promise<{ upgate: Upgate; origin: Origin }> {
  const origin = await Origin.start();
  cleanUp.push(() => origin.stop());
  const upgate = await Upgate.create(env);
  cleanUp.push(() => upgate.remove());
  await upgate.start();
  return { upgate, origin };
}

async function startAgent(node: string, natsUrl: string): Promise<EdgeAgent> {
  const data = await mkdtemp(join(tmpdir(), 'upgate-agent-'));
  const agent = await EdgeAgent.start(node, natsUrl, data);
  cleanUp.push(
    () => rm(data, { recursive: true }),
    () => agent.program.stop(),
  );
  return agent;
}

const chat = (origin: Origin) => ({
  id: 'chat',
  cname: 'chat.test',
  origin: origin.url,
  integration: 'full',
});

describe('kill -9', () => {
  it('of the whole program loses nothing, and its NATS server is replaced', async () => {
    const { upgate, origin } = await start();
    await upgate.createResource(chat(origin));
    const key = { 'idempotency-key': 'switch-off-1' };
    const off = () =>
      upgate.call<CommandAnswerJson>('PUT', '/v1/resources/chat/websockets', { enabled: false }, key);
    const first = await off();
    await upgate.program.kill();
    await upgate.start();
    expect(await handshakeStatus(upgate.edge, 'chat.test')).toBe(403);
    expect((await off()).body).toEqual(first.body);
    await upgate.command('PUT', '/v1/resources/chat/websockets', { enabled: true });
    expect(await handshakeStatus(upgate.edge, 'chat.test')).toBe(101);
  });

  it('at any moment under load keeps every acknowledged command, once', async () => {
    const { upgate, origin } = await start();
    const acknowledged = new Map<string, CommandAnswerJson>();
    for (let round = 0; round < 3; round += 1) {
      const writers = Array.from({ length: 16 }, async (_, writer) => {
        for (let count = 0; ; count += 1) {
          const id = `r-${round}-${writer}-${count}`;
          const resource = { id, cname: `${id}.test`, origin: origin.url, integration: 'full' };
          const { status, body } = await upgate.call<CommandAnswerJson>('POST', '/v1/resources', resource);
          if (status !== 201) throw new Error(`gave ${status}`);
          acknowledged.set(id, body);
        }
      });
      const ended = Promise.allSettled(writers);
      await eventually('commands under way', () => acknowledged.size >= (round + 1) * 50);
      await upgate.program.kill();
      await ended;
      await upgate.start();
    }
    for (const [id, { position, resource }] of acknowledged) {
      const read = await upgate.call('GET', `/v1/resources/${id}?after=${position}`);
      expect(read.body).toEqual(resource);
      expect(await handshakeStatus(upgate.edge, `${id}.test`)).toBe(101);
    }
  });

  it('of an agent: it comes back with its last good policy, the control plane down', async () => {
    const { upgate, origin } = await start();
    const agent = await startAgent('edge-2', upgate.natsUrl);
    await agent.ready();
    await upgate.createResource(chat(origin));
    await upgate.command('PUT', '/v1/resources/chat/websockets', { enabled: false });
    expect(await handshakeStatus(agent.edge, 'chat.test')).toBe(403);
    await agent.program.kill();
    await upgate.program.stop();
    agent.restart();
    await agent.ready();
    expect(await handshakeStatus(agent.edge, 'chat.test')).toBe(403);
  });
});

describe('a second agent', () => {
  it('joins late, is waited for, and drops nothing when the control plane stops', async () => {
    const { upgate, origin } = await start();
    await upgate.createResource(chat(origin));
    const agent = await startAgent('edge-2', upgate.natsUrl);
    await agent.ready();
    await eventually('the agent to be listed as the same', async () =>
      (await upgate.edges()).some(({ node, verdict }) => node === 'edge-2' && verdict === 'same'),
    );
    const { convergence } = await upgate.command('PUT', '/v1/resources/chat/websockets', { enabled: true });
    expect(convergence).toMatchObject({ required: 2, applied: 2, missing: [] });
    const socket = await openSocket(agent.edge, 'chat.test');
    await upgate.program.stop();
    expect(await echo(socket, 'alone')).toBe('alone');
    socket.terminate();
    await upgate.start();
    await eventually('the agent to be back', async () =>
      (await upgate.edges()).every(({ verdict }) => verdict === 'same'),
    );
  });

  it('starts with everything else down, and says so', async () => {
    const [port] = await freePorts(1);
    const agent = await startAgent('edge-9', `nats://127.0.0.1:${port}`);
    await eventually('the agent to live', async () => (await fetch(`${agent.health}/livez`)).ok);
    expect((await fetch(`${agent.health}/readyz`)).status).toBe(503);
    expect(await handshakeStatus(agent.edge, 'chat.test')).toBe(421);
  });
});

describe('NATS stopped and started', () => {
  it('delays changes, loses none, and drops no connection', async () => {
    const nats = await NatsServer.launch();
    cleanUp.push(() => nats.stop());
    const { upgate, origin } = await start({ UPGATE_NATS: nats.url });
    await upgate.createResource(chat(origin));
    const socket = await openSocket(upgate.edge, 'chat.test');
    await nats.stop();
    const keep = { enabled: false, openConnections: { mode: 'keep' } };
    const waited = await upgate.call<CommandAnswerJson>(
      'PUT',
      '/v1/resources/chat/websockets?wait=applied&timeout=300ms',
      keep,
    );
    expect(waited.body).toMatchObject({
      changed: true,
      convergence: { status: 'pending', missing: ['edge-1'] },
    });
    expect(await handshakeStatus(upgate.edge, 'chat.test')).toBe(101);
    await nats.start();
    await eventually(
      'the change to arrive',
      async () => (await handshakeStatus(upgate.edge, 'chat.test')) === 403,
    );
    expect(await echo(socket, 'undisturbed')).toBe('undisturbed');
    socket.terminate();
  });
});

describe('garbage', () => {
  it('on any port harms nothing', async () => {
    const { upgate, origin } = await start();
    await upgate.createResource(chat(origin));
    const ports = ['UPGATE_HTTP', 'UPGATE_GRPC', 'UPGATE_EDGE', 'UPGATE_AGENT_HTTP'].map((name) =>
      Number(upgate.env[name]!.split(':')[1]),
    );
    for (const port of [...ports, Number(upgate.env['UPGATE_NATS_PORT'])]) {
      for (const garbage of [
        '\0'.repeat(4096),
        'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n',
        'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nxxxxxxxxx',
      ]) {
        await new Promise<void>((resolve) => {
          const socket = connect(port, '127.0.0.1', () => socket.end(garbage));
          socket
            .on('error', () => socket.destroy())
            .on('close', () => resolve())
            .resume();
        });
      }
    }
    await upgate.command('PUT', '/v1/resources/chat/websockets', { enabled: false });
    expect(await handshakeStatus(upgate.edge, 'chat.test')).toBe(403);
  });
});
