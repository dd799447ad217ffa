import { connect, PermissionViolationError, type NatsConnection } from '@nats-io/transport-node';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parseServers } from '#edge-feed';
import type { CommandAnswerJson, EdgeJson } from '#contract';
import { subjectsOf, type Subjects } from '../../libs/edge-feed/src/subjects.js';
import { eventually } from '../support/condition.js';
import { EdgeAgent } from '../support/edge-agent.js';
import { Service } from '../support/split.js';
import { NatsCluster } from './nats-cluster.js';

const subjects = subjectsOf('default');

/** One subject of each kind that there is; those of a node are edge-1's own. */
const KINDS: Record<keyof Subjects, string> = {
  ...subjects,
  rosterFor: subjects.rosterFor('replica'),
  statuses: subjects.status('edge-2'),
  status: subjects.status('edge-1'),
  chunk: subjects.chunk('replica'),
};
const INBOXES = ['_INBOX.edge-1.x', '_INBOX.edge-2.x', '_INBOX.projection.x', '_INBOX.command.x'];
const ALL = [...Object.values(KINDS), ...INBOXES, 'elsewhere'];

/** What each user may say and hear of all these; edge-2 and edge-3 are to themselves what edge-1 is to itself. */
const RIGHTS: Record<string, { publish: string[]; subscribe: string[] }> = {
  command: { publish: [KINDS.convergence], subscribe: ['_INBOX.command.x'] },
  projection: {
    publish: [
      KINDS.change,
      KINDS.head,
      KINDS.rollCall,
      KINDS.forget,
      KINDS.roster,
      KINDS.rosterFor,
      ...INBOXES,
    ],
    subscribe: [
      KINDS.change,
      KINDS.head,
      KINDS.forget,
      KINDS.roster,
      KINDS.rosterFor,
      KINDS.sync,
      KINDS.chunk,
      KINDS.convergence,
      KINDS.status,
      KINDS.statuses,
      '_INBOX.projection.x',
    ],
  },
  'edge-1': {
    publish: [KINDS.status, KINDS.sync, KINDS.chunk],
    subscribe: [KINDS.change, KINDS.head, KINDS.rollCall, '_INBOX.edge-1.x'],
  },
  'edge-2': {
    publish: [KINDS.statuses, KINDS.sync, KINDS.chunk],
    subscribe: [KINDS.change, KINDS.head, KINDS.rollCall, '_INBOX.edge-2.x'],
  },
  'edge-3': {
    publish: [KINDS.sync, KINDS.chunk],
    subscribe: [KINDS.change, KINDS.head, KINDS.rollCall],
  },
};

let cluster: NatsCluster;
beforeAll(async () => {
  cluster = await NatsCluster.start();
});
afterAll(() => cluster.stop());

describe('a NATS user', () => {
  let connection: NatsConnection;
  afterEach(() => connection.close());

  async function login(user: string): Promise<NatsConnection> {
    const { urls, credentials } = parseServers((await cluster.address(user)).split(','));
    const tls = { caFile: cluster.secret('ca.crt') };
    connection = await connect({ servers: urls, ...credentials, tls, reconnect: false });
    return connection;
  }

  /** What the server refuses of the operations that `attempt` makes. */
  async function refused(attempt: (nats: NatsConnection) => void): Promise<Set<string>> {
    const found = new Set<string>();
    const status = connection.status();
    const listening = (async () => {
      for await (const event of status)
        if (event.type === 'error' && event.error instanceof PermissionViolationError)
          found.add(event.error.subject);
    })();
    attempt(connection);
    await connection.flush();
    await connection.close();
    await listening;
    return found;
  }

  it.each(Object.keys(RIGHTS))('%s says what it may, and nothing else', async (user) => {
    const nats = await login(user);
    const found = await refused(() => ALL.forEach((subject) => nats.publish(subject)));
    expect(ALL.filter((subject) => !found.has(subject)).toSorted()).toEqual(RIGHTS[user]?.publish.toSorted());
  });

  it.each(Object.keys(RIGHTS))('%s hears what it may, and nothing else', async (user) => {
    const nats = await login(user);
    const listen = (subject: string) => nats.subscribe(subject, { callback: () => undefined });
    const all = [...ALL, '>', 'upgate.>', '_INBOX.>'];
    const found = await refused(() => all.forEach(listen));
    expect(all.filter((subject) => !found.has(subject)).toSorted()).toEqual(
      RIGHTS[user]?.subscribe.toSorted(),
    );
  });
});

it('lets nobody in without a password', async () => {
  const { urls } = parseServers((await cluster.address('edge-1')).split(','));
  const tls = { caFile: cluster.secret('ca.crt') };
  await expect(connect({ servers: urls, tls, reconnect: false })).rejects.toThrow(/authorization/i);
});

describe('with these rights the programs', { timeout: 90_000 }, () => {
  let command: Service;
  let projections: Service[];
  let agents: EdgeAgent[];

  beforeEach(async () => {
    const data = { UPGATE_DATA: join(cluster.folder, 'control') };
    command = await Service.start('apps/command/src/main.js', { ...data, ...(await cluster.env('command')) });
    projections = [];
    agents = [];
  });
  afterEach(async () => {
    const programs = [command, ...projections, ...agents].map(({ program }) => program);
    await Promise.all(programs.map((program) => program.kill()));
  });

  async function addProjection(name: string): Promise<void> {
    const env = {
      UPGATE_DATA: join(cluster.folder, 'control'),
      UPGATE_READ_MODEL: join(cluster.folder, name),
      ...(await cluster.env('projection')),
    };
    projections.push(await Service.start('apps/projection/src/main.js', env));
  }

  async function addAgent(node: string): Promise<void> {
    const agent = await EdgeAgent.start(node, '', join(cluster.folder, node), await cluster.env(node));
    agents.push(agent);
    await agent.ready();
  }

  async function send(method: string, path: string, body: object): Promise<CommandAnswerJson> {
    const response = await command.fetch(`${path}?wait=applied&timeout=15s`, {
      method,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect(response.ok).toBe(true);
    return (await response.json()) as CommandAnswerJson;
  }

  const allLive = (count: number) =>
    eventually(`${count} live nodes at every projection`, async () => {
      const pages = await Promise.all(
        projections.map((projection) => projection.json<{ items: EdgeJson[] }>('/v1/edges')),
      );
      return pages.every(
        ({ items }) =>
          items.filter(({ verdict, state }) => state === 'live' && verdict === 'same').length === count,
      );
    });

  it('do all they have to, also when a server dies, and are refused nothing', async () => {
    await addProjection('projection-1');
    for (const node of ['edge-1', 'edge-2', 'edge-3']) await addAgent(node);
    await allLive(3);
    await addProjection('projection-2');
    await allLive(3);

    const shop = { id: 'shop', cname: 'shop.test', origin: 'http://127.0.0.1:9', integration: 'full' };
    expect((await send('POST', '/v1/resources', shop)).convergence).toMatchObject({
      status: 'applied',
      required: 3,
    });
    await cluster.kill('nats-2');
    await allLive(3);
    const off = await send('PUT', '/v1/resources/shop/websockets', { enabled: false });
    expect(off.convergence).toMatchObject({ status: 'applied', required: 3 });

    await agents[2]!.program.stop();
    await projections[0]!.fetch('/v1/edges/edge-3', { method: 'DELETE' });
    await allLive(2);
    const said = [command, ...projections, ...agents].flatMap(({ program }) => program.lines);
    expect(said.filter((line) => /permission|violation/i.test(JSON.stringify(line)))).toEqual([]);
  });
});
