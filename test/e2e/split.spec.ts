import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CommandAnswerJson, ConvergenceJson, EdgeJson, WireCommandAnswer } from '#contract';
import { LastGood } from '#enforcer';
import { eventually } from '../support/condition.js';
import { closed, handshakeStatus, openSocket } from '../support/edge-client.js';
import { GrpcClient } from '../support/grpc-client.js';
import { Origin } from '../support/origin.js';
import { SplitSystem, type Service } from '../support/split.js';

const HOUR_MS = 3_600_000;

let origin: Origin;
let system: SplitSystem;

beforeEach(async () => {
  origin = await Origin.start();
  system = await SplitSystem.start(2);
});

afterEach(async () => {
  await system.stop();
  await origin.stop();
});

async function create(id: string): Promise<CommandAnswerJson> {
  const cname = `${id}.test`;
  return system.send('POST', '/v1/resources', { id, cname, origin: origin.url, integration: 'full' });
}

/** A switch over gRPC that waits until every live edge enforces it. */
async function switchOverGrpc(enabled: boolean): Promise<WireCommandAnswer> {
  const proto = 'upgate/v1/command_service.proto';
  const client = new GrpcClient(system.command.grpc, 'upgate.v1.CommandService', proto);
  try {
    return await client.call('SetWebsockets', { id: 'chat', enabled }, { wait: 'applied', timeout: '15s' });
  } finally {
    client.close();
  }
}

async function edge(node: string, projection: Service): Promise<EdgeJson | undefined> {
  const { items } = await projection.json<{ items: EdgeJson[] }>('/v1/edges');
  return items.find((one) => one.node === node);
}

async function changes(projection: Service): Promise<number> {
  const { items } = await projection.json<{ items: unknown[] }>('/v1/resources/chat/history');
  return items.length;
}

describe('two replicas of the projection', { timeout: 90_000 }, () => {
  it('lose no change and keep nobody waiting when either is killed, at any moment', async () => {
    const agents = [await system.addAgent('edge-1'), await system.addAgent('edge-2')];
    await system.allSame(2);
    const ids = Array.from({ length: 8 }, (_, index) => `r${index}`);
    await Promise.all(ids.map(create));
    const last = new Map<string, boolean>();
    let applied = 0;
    const stop = new AbortController();
    const writers = ids.map(async (id) => {
      for (let enabled = false; !stop.signal.aborted; enabled = !enabled) {
        const { convergence } = await system.switch(id, enabled);
        expect(convergence).toMatchObject({ status: 'applied', required: 2, missing: [] });
        last.set(id, enabled);
        applied += 1;
      }
    });
    for (const projection of [...system.projections, ...system.projections]) {
      const before = applied;
      await eventually('commands under way', () => applied > before + 16);
      await projection.program.kill();
      const killed = applied;
      await eventually('commands to go on without it', () => applied > killed + 16);
      await projection.restart();
    }
    stop.abort();
    await Promise.all(writers);
    for (const { edge: address } of agents)
      for (const [id, enabled] of last)
        expect(await handshakeStatus(address, `${id}.test`)).toBe(enabled ? 101 : 403);
    const [one, other] = [await system.allSame(2), await system.allSame(2, system.projections[1])];
    expect(new Set([...one, ...other].map(({ digest }) => digest)).size).toBe(1);
    for (const projection of system.projections)
      expect(await projection.metric('upgate_projection_disputed_heads_total')).toBe(0);
  });

  it('are waited for over gRPC as well', async () => {
    const agent = await system.addAgent('edge-1');
    await create('chat');
    await system.allSame(1);
    for (const enabled of [false, true]) {
      const { convergence } = await switchOverGrpc(enabled);
      expect(convergence).toMatchObject({ status: 'CONVERGENCE_STATUS_APPLIED', required: 1, applied: 1 });
      expect(await handshakeStatus(agent.edge, 'chat.test')).toBe(enabled ? 101 : 403);
    }
  });

  it('share a command that waits: when the one that it asked is killed, the other answers', async () => {
    const agent = await system.addAgent('edge-1');
    await create('chat');
    await system.allSame(1, system.projections[1]);
    for (const projection of system.projections) {
      agent.program.signal('SIGSTOP');
      const before = await changes(projection);
      const waiting = Array.from({ length: 8 }, (_, index) => system.switch('chat', index % 2 === 0));
      await eventually('the commands to be recorded', async () => (await changes(projection)) > before);
      await projection.program.kill();
      agent.program.signal('SIGCONT');
      const answers = await Promise.all(waiting);
      expect(answers.map(({ convergence }) => convergence?.status)).toEqual(answers.map(() => 'applied'));
      await projection.restart();
      await system.allSame(1, projection);
    }
  });

  it('are joined by a third that knows every live node at once, heard by it or not', async () => {
    const silent = await system.addAgent('silent');
    await system.addAgent('edge-1');
    const { position } = await create('chat');
    for (const projection of system.projections) await system.allSame(2, projection);
    silent.program.signal('SIGSTOP');
    await system.switch('chat', false, '1ms');
    const third = await system.addProjection();
    expect(await eventually('the silent one', () => edge('silent', third))).toMatchObject({
      state: 'live',
      position,
      verdict: 'behind',
    });
    const convergence = await third.json<ConvergenceJson>(`/v1/convergence/${position}?timeout=5s`);
    expect(convergence).toMatchObject({ status: 'applied', required: 2 });
    expect((await system.switch('chat', true, '1ms')).convergence?.status).toBe('pending');
    silent.program.signal('SIGCONT');
    await system.allSame(2, third);
  });

  it('suppress what the other has published, and forget a node together', async () => {
    const agent = await system.addAgent('edge-1');
    await create('chat');
    for (const projection of system.projections) await system.allSame(1, projection);
    const heldBack = async () => {
      const counts = system.projections.map((one) => one.metric('upgate_projection_held_back_total'));
      return (await Promise.all(counts)).reduce((sum, count) => sum + count);
    };
    for (let enabled = true; (await heldBack()) === 0; enabled = !enabled)
      await system.switch('chat', enabled);

    await agent.program.stop();
    for (const projection of system.projections)
      await eventually('it to be gone', async () => (await edge('edge-1', projection))?.state === 'gone');
    const [one, other] = system.projections as [Service, Service];
    expect((await one.fetch('/v1/edges/edge-1', { method: 'DELETE' })).status).toBe(204);
    await eventually('it to be forgotten', async () => (await edge('edge-1', other)) === undefined);
    const { gone } = await other.json<ConvergenceJson>('/v1/convergence/1?timeout=1ms');
    expect(gone).toBe(0);
  });
});

describe('a node', { timeout: 60_000 }, () => {
  it.each([HOUR_MS, -HOUR_MS])('whose clock is %i ms off obeys, and its lag is told right', async (skew) => {
    const agent = await system.addAgent('skewed', {
      NODE_OPTIONS: `--import=${pathToFileURL(join(import.meta.dirname, '../support/skewed-clock.mjs')).href}`,
      SKEW_MS: `${skew}`,
    });
    await create('chat');
    expect((await system.switch('chat', false)).convergence).toMatchObject({
      status: 'applied',
      required: 1,
    });
    expect(await handshakeStatus(agent.edge, 'chat.test')).toBe(403);
    const [line] = agent.program.lines;
    expect(Math.abs(Number(line?.['time']) - Date.now() - skew)).toBeLessThan(HOUR_MS / 2);

    agent.program.signal('SIGSTOP');
    const late = await system.switch('chat', true, '1ms');
    expect(late.convergence).toMatchObject({ status: 'pending' });
    for (const projection of system.projections) {
      const { lag } = await eventually('the change to be missing', async () => {
        const skewed = await edge('skewed', projection);
        return skewed && skewed.lag.changes > 0 && skewed;
      });
      expect(lag.changes).toBe(1);
      expect(lag.seconds).toBeLessThan(HOUR_MS / 2_000);
    }
    agent.program.signal('SIGCONT');
    const [same] = await system.allSame(1);
    expect(same).toMatchObject({ node: 'skewed', lag: { changes: 0, seconds: 0 } });
  });

  it('that was cut off closes what a policy closes which it never heard of, the resource being gone', async () => {
    const agent = await system.addAgent('edge-1');
    await system.allSame(1);
    await create('chat');
    await system.send('PUT', '/v1/resources/chat/websockets', {
      enabled: true,
      openConnections: { mode: 'keep' },
    });
    const code = closed(await openSocket(agent.edge, 'chat.test'));
    await system.nats.stop();
    const headers = { 'content-type': 'application/json' };
    const off = JSON.stringify({ enabled: false, openConnections: { mode: 'close' } });
    await system.command.fetch('/v1/resources/chat/websockets', { method: 'PUT', headers, body: off });
    await system.command.fetch('/v1/resources/chat', { method: 'DELETE' });
    await system.nats.start();
    expect(await code).toBe(1008);
  });

  it('that is at the head with other settings is told of, and mends itself', async () => {
    const agent = await system.addAgent('drifting');
    await create('chat');
    const [{ digest: right } = { digest: '' }] = await system.allSame(1);
    await agent.program.stop();
    const wrong = await tamper(join(system.dataOf('drifting'), 'edge', 'drifting'));
    agent.restart();
    for (const { program } of system.projections) {
      const told = await eventually('the drift to be logged', () =>
        program.lines.find(({ msg }) => msg === 'edge has drifted'),
      );
      expect(told).toMatchObject({ node: 'drifting', digest: wrong, expected: right });
    }
    const said = await eventually('the node to notice', () =>
      agent.program.lines.find(({ msg }) => msg.startsWith('the digest differs')),
    );
    expect(said).toMatchObject({ expected: { digest: right }, applied: { digest: wrong } });
    const [mended] = await system.allSame(1);
    expect(mended).toMatchObject({ digest: right });
    expect(await handshakeStatus(agent.edge, 'chat.test')).toBe(101);
    const [projection] = system.projections;
    expect(await projection!.metric('upgate_projection_edges_drifted_total')).toBe(1);
  });
});

/** Switches every resource off in the last good policy of a node that does not run. Gives the digest that it has then. */
async function tamper(folder: string): Promise<string> {
  const { lastGood, policy } = await LastGood.open(folder);
  if (!policy) throw new Error(`there is no policy in ${folder}`);
  const off = [...policy.table.entries()].map((entry) => ({
    ...entry,
    websockets: { ...entry.websockets, enabled: false },
  }));
  policy.table.apply(off);
  await lastGood.saveWhole(policy);
  await lastGood.close();
  return policy.table.digest;
}
