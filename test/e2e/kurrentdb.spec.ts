import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CommandAnswerJson, EdgeJson, HistoryItemJson } from '#contract';
import { eventually } from '../support/condition.js';
import type { EdgeAgent } from '../support/edge-agent.js';
import { handshakeStatus } from '../support/edge-client.js';
import { GrpcClient } from '../support/grpc-client.js';
import { KurrentProcess } from '../support/kurrentdb/process.js';
import { Origin } from '../support/origin.js';
import { SplitSystem, type Service } from '../support/split.js';

const PASSWORD = 'hunter2';

let kurrent: KurrentProcess;
let origin: Origin;
let system: SplitSystem;
let other: Service;
let agents: EdgeAgent[];

beforeAll(async () => {
  [kurrent, origin] = await Promise.all([KurrentProcess.start(), Origin.start()]);
  system = await SplitSystem.start(2, { UPGATE_STORE: kurrent.address(`upgate:${PASSWORD}`) });
  other = await system.addCommand();
  agents = await Promise.all(['edge-1', 'edge-2'].map((node) => system.addAgent(node)));
  await Promise.all(system.projections.map((projection) => system.allSame(2, projection)));
}, 120_000);

afterAll(async () => {
  await system.stop();
  await kurrent.stop();
  await origin.stop();
});

function create(id: string, command = system.command, cname = `${id}.test`): Promise<Response> {
  return send(command, 'POST', '/v1/resources', { id, cname, origin: origin.url, integration: 'full' });
}

function put(id: string, enabled: boolean, key: string, command = system.command): Promise<Response> {
  return send(command, 'PUT', `/v1/resources/${id}/websockets`, { enabled }, { 'idempotency-key': key });
}

function send(command: Service, method: string, path: string, body: object, headers = {}): Promise<Response> {
  return command.fetch(path, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
}

async function history(id: string, position: string): Promise<string[]> {
  const [projection] = system.projections;
  const path = `/v1/resources/${id}/history?after=${position}`;
  return (await projection!.json<{ items: HistoryItemJson[] }>(path)).items.map(({ type }) => type);
}

async function enforced(id: string): Promise<number[]> {
  return Promise.all(agents.map(({ edge }) => handshakeStatus(edge, `${id}.test`)));
}

describe('a whole system with its log in KurrentDB', { timeout: 120_000 }, () => {
  it('has every edge obey commands over HTTP and gRPC to either command replica', async () => {
    expect((await create('chat')).status).toBe(201);
    const off = await system.switch('chat', false);
    expect(off.convergence).toMatchObject({ status: 'applied', required: 2 });
    expect(await enforced('chat')).toEqual([403, 403]);
    const client = new GrpcClient(other.grpc, 'upgate.v1.CommandService', 'upgate/v1/command_service.proto');
    const on = await client.call<{ position: string; convergence: { status: string } }>(
      'SetWebsockets',
      { id: 'chat', enabled: true },
      { wait: 'applied', timeout: '15s' },
    );
    client.close();
    expect(on.convergence.status).toMatch(/APPLIED/i);
    expect(BigInt(on.position) - BigInt(off.position)).toBeGreaterThan(1n);
    expect(await enforced('chat')).toEqual([101, 101]);
  });

  it('counts how far a node is behind in changes, though positions are far apart', async () => {
    const [agent] = agents;
    agent!.program.signal('SIGSTOP');
    for (const enabled of [false, true, false]) await system.switch('chat', enabled, '1ms');
    for (const projection of system.projections) {
      const lag = await eventually('the changes to be missing', async () => {
        const { items } = await projection.json<{ items: EdgeJson[] }>('/v1/edges');
        const edge = items.find(({ node }) => node === 'edge-1');
        return edge?.lag.changes === 3 && edge.lag;
      });
      expect(lag.seconds).toBeGreaterThanOrEqual(0);
    }
    agent!.program.signal('SIGCONT');
    const same = await system.allSame(2);
    expect(same.map(({ lag }) => lag)).toEqual([0, 0].map((none) => ({ changes: none, seconds: none })));
  });

  it('loses nothing when a replica of either side is killed', async () => {
    const [one, two] = system.projections as [Service, Service];
    await Promise.all([one.program.kill(), other.program.kill()]);
    expect((await system.switch('chat', true)).convergence?.status).toBe('applied');
    await Promise.all([one.restart(), other.restart(), two.program.kill()]);
    const { position } = (await (await put('chat', false, 'after', other)).json()) as CommandAnswerJson;
    expect((await history('chat', position))[0]).toBe('WebsocketsDisabled');
    await two.restart();
    const digests = await Promise.all(system.projections.map((each) => system.allSame(2, each)));
    expect(new Set(digests.flat().map(({ digest }) => digest)).size).toBe(1);
  });

  it('gives a hostname to one of many who want it at once, at either replica', async () => {
    const wanting = Array.from({ length: 8 }, (_, index) =>
      create(`w${index}`, index % 2 === 0 ? system.command : other, 'wanted.test'),
    );
    const codes = (await Promise.all(wanting)).map(({ status }) => status);
    expect(codes.filter((code) => code === 201)).toHaveLength(1);
    expect(codes.filter((code) => code === 409)).toHaveLength(7);
  });

  it('gives a hostname on that a process which died had claimed and not taken', async () => {
    const claim = 'hostname-left.test';
    await kurrent.tell({ do: 'fault', fault: undefined });
    for (let attempt = 0; attempt < 9; attempt += 1) await kurrent.tell({ do: 'fault', fault: 'hang' });
    const abandoned = create('dead', other, 'left.test').catch(() => 'died');
    const { streams } = await eventually('the claim alone to be stored', async () => {
      const standing = await kurrent.tell({ do: 'look' });
      return standing.faults < 9 && standing;
    });
    expect(streams).toMatchObject({ [claim]: 1 });
    expect(streams).not.toHaveProperty('cdnResource-dead');
    await other.program.kill();
    await kurrent.tell({ do: 'forgive' });
    expect(await abandoned).toBe('died');
    expect((await create('heir', system.command, 'left.test')).status).toBe(201);
    await other.restart();
    expect((await create('dead', other, 'left.test')).status).toBe(409);
  });

  it.each(['lose-answer', 'never-answer', 'leader-elsewhere'] as const)(
    'applies a command once when its append meets %s, and so its retry',
    async (fault) => {
      await create(fault);
      await kurrent.tell({ do: 'fault', fault });
      const first = await put(fault, false, 'once');
      expect(first.status).toBe(200);
      const retry = await put(fault, false, 'once', other);
      const answer = (await first.json()) as CommandAnswerJson;
      expect(((await retry.json()) as CommandAnswerJson).position).toBe(answer.position);
      expect(await history(fault, answer.position)).toEqual(['WebsocketsDisabled', 'CdnResourceCreated']);
    },
  );

  it('says when there is no leader, when to come again, and why it is not ready; a retry is applied once', async () => {
    await create('led');
    await kurrent.tell({ do: 'lead', leading: false });
    const refused = await put('led', false, 'patient');
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toBe('1');
    expect(await refused.json()).toMatchObject({ code: 'store_unavailable' });
    const services = [system.command, other, ...system.projections];
    for (const service of services) {
      const said = await eventually('it not to be ready', async () => {
        const response = await service.fetch('/readyz');
        return response.status === 503 && response.text();
      });
      expect(said).toMatch(/KurrentDB cannot be used now|has not answered/);
      expect(said).not.toContain(PASSWORD);
      expect((await service.fetch('/livez')).status).toBe(200);
    }
    await kurrent.tell({ do: 'lead', leading: true });
    for (const service of services) await service.ready();
    for (const command of [system.command, other, system.command])
      expect((await put('led', false, 'patient', command)).status).toBe(200);
    const { position } = await system.switch('led', true);
    expect(await history('led', position)).toEqual([
      'WebsocketsEnabled',
      'WebsocketsDisabled',
      'CdnResourceCreated',
    ]);
  });

  it('goes on when the server was away, with nothing missed', async () => {
    await kurrent.tell({ do: 'stop' });
    const waiting = put('chat', true, 'away');
    await kurrent.tell({ do: 'listen' });
    const answer = (await (await waiting).json()) as CommandAnswerJson;
    expect(await history('chat', answer.position)).toContain('WebsocketsEnabled');
    expect((await system.switch('chat', false)).convergence?.status).toBe('applied');
    expect(await enforced('chat')).toEqual([403, 403]);
  });

  it('never shows the password of the log', async () => {
    for (const { program } of [system.command, other, ...system.projections]) {
      expect(program.said).not.toContain(PASSWORD);
      expect(await readFile(`/proc/${program.pid}/cmdline`, 'utf8')).not.toContain(PASSWORD);
    }
  });
});
