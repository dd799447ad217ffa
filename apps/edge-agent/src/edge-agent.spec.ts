import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectFeed, FeedPublisher, type NodeStatus } from '#edge-feed';
import { formatAddress, parseConfig } from '#platform';
import { eventually } from '../../../test/support/condition.js';
import { closed, handshakeStatus, httpStatus, openSocket } from '../../../test/support/edge-client.js';
import { FoldedLog, settingsEntry } from '../../../test/support/feed.js';
import { NatsServer } from '../../../test/support/nats.js';
import { Origin } from '../../../test/support/origin.js';
import { EdgeAgentConfig } from './config.js';
import { startEdgeAgent, type EdgeAgent } from './edge-agent.js';

const silent = pino({ level: 'silent' });

let parts: AsyncDisposableStack;
let data: string;
let nats: NatsServer;
let origin: Origin;
let log: FoldedLog;

beforeEach(async () => {
  parts = new AsyncDisposableStack();
  data = await mkdtemp(join(tmpdir(), 'upgate-edge-agent-'));
  parts.defer(() => rm(data, { recursive: true }));
  nats = await NatsServer.reserve();
  parts.defer(() => nats.stop());
  origin = await Origin.start();
  parts.defer(() => origin.stop());
  log = new FoldedLog('epoch-1');
});
afterEach(() => parts.disposeAsync());

async function startAgent(env: NodeJS.ProcessEnv = {}): Promise<EdgeAgent> {
  const config = parseConfig(EdgeAgentConfig, {
    UPGATE_NATS: nats.url,
    UPGATE_DATA: data,
    UPGATE_NODE: 'edge-1',
    UPGATE_EDGE: '127.0.0.1:0',
    UPGATE_AGENT_HTTP: '127.0.0.1:0',
    ...env,
  });
  const agent = await startEdgeAgent(config, config.nats, silent);
  parts.defer(() => agent.stop());
  return agent;
}

const edgeOf = ({ address }: EdgeAgent) => formatAddress(address);
const health = ({ healthAddress }: EdgeAgent, path: string) =>
  fetch(`http://${formatAddress(healthAddress)}${path}`);
const ready = (agent: EdgeAgent) =>
  eventually('the agent to be ready', async () => (await health(agent, '/readyz')).ok);

/** A control plane with the log: publishes what is switched, and tells what the node has said. */
function startControlPlane() {
  const connection = connectFeed({ servers: [nats.url], name: 'control-plane', logger: silent });
  const publisher = new FeedPublisher({ connection, fleet: 'default', source: log, logger: silent });
  const statuses: NodeStatus[] = [];
  publisher.onStatus((status) => statuses.push(status));
  parts.defer(async () => {
    publisher.stop();
    await connection.close();
  });
  const publish = (...changes: Parameters<FoldedLog['append']>) => publisher.publish(log.append(...changes));
  const enforced = () =>
    eventually(`position ${log.head().position} to be enforced`, () =>
      statuses.some(({ epoch, position }) => epoch === log.epoch && position === log.head().position),
    );
  return { publish, enforced, statuses };
}

const chat = (enabled: boolean) => (position: bigint) => ({
  ...settingsEntry('chat', position, { enabled, hostnames: ['chat.test'] }),
  origin: origin.url,
});

/** An agent that has learnt one policy, and stopped; NATS and the control plane are gone. */
async function leavePolicyBehind(enabled: boolean): Promise<void> {
  await nats.start();
  const agent = await startAgent();
  const { publish, enforced } = startControlPlane();
  await ready(agent);
  publish(chat(true));
  publish(chat(enabled));
  await enforced();
  await agent.stop();
  await nats.stop();
}

describe('an edge agent', () => {
  it('joins whenever there is something to join, and then obeys', async () => {
    const agent = await startAgent();
    expect((await health(agent, '/livez')).status).toBe(200);
    const notReady = await health(agent, '/readyz');
    expect(notReady.status).toBe(503);
    expect(await notReady.json()).toMatchObject({
      problems: { policy: expect.stringMatching(/^no policy/) as string },
    });
    expect(await httpStatus(edgeOf(agent), 'chat.test')).toBe(421);

    await nats.start();
    log.append(chat(true));
    const { publish, enforced, statuses } = startControlPlane();
    await ready(agent);
    await enforced();
    expect(await handshakeStatus(edgeOf(agent), 'chat.test')).toBe(101);
    for (const enabled of [false, true, false]) {
      publish(chat(enabled));
      await enforced();
      expect(await handshakeStatus(edgeOf(agent), 'chat.test')).toBe(enabled ? 101 : 403);
    }
    expect(statuses.at(-1)).toMatchObject({
      node: 'edge-1',
      region: 'local',
      ring: 'default',
      enforcer: 'builtin',
      error: '',
      digest: log.head().digest,
    });
  });

  it.each([true, false])('enforces its last good policy (%s) with everything else down', async (enabled) => {
    await leavePolicyBehind(enabled);
    const agent = await startAgent();
    expect(await handshakeStatus(edgeOf(agent), 'chat.test')).toBe(enabled ? 101 : 403);
    expect((await health(agent, '/readyz')).status).toBe(200);
    expect(await (await health(agent, '/metrics')).text()).toContain('upgate_edge_position 2\n');
  });

  it('catches up with what it missed while it was away', async () => {
    await leavePolicyBehind(true);
    log.append(chat(false));
    const agent = await startAgent();
    await nats.start();
    const { enforced } = startControlPlane();
    await enforced();
    expect(await handshakeStatus(edgeOf(agent), 'chat.test')).toBe(403);
  });

  it('starts with a damaged policy, keeps it aside, and gets another', async () => {
    await leavePolicyBehind(true);
    const folder = join(data, 'edge', 'edge-1');
    await writeFile(join(folder, 'policy.snapshot'), 'damaged');
    const agent = await startAgent();
    expect((await health(agent, '/readyz')).status).toBe(503);
    expect(await readdir(folder)).toContain('policy.snapshot.bad');
    await nats.start();
    startControlPlane();
    await ready(agent);
    expect(await handshakeStatus(edgeOf(agent), 'chat.test')).toBe(101);
  });

  it('keeps what it enforces when a change is refused, and says why', async () => {
    await nats.start();
    const agent = await startAgent();
    const { publish, enforced, statuses } = startControlPlane();
    await ready(agent);
    publish(chat(true));
    await enforced();
    publish((position) => ({ ...settingsEntry('bad', position), origin: 'gopher://bad' }));
    const { position, error } = await eventually('the refusal', () =>
      statuses.find((one) => one.error !== ''),
    );
    expect({ position, error }).toEqual({
      position: 1n,
      error: expect.stringContaining('resource bad: "gopher://bad" is not an origin') as string,
    });
    expect(await handshakeStatus(edgeOf(agent), 'chat.test')).toBe(101);
  });

  it('measures what it does', async () => {
    await nats.start();
    const agent = await startAgent();
    const { publish, enforced } = startControlPlane();
    await ready(agent);
    publish(chat(true));
    await enforced();
    const socket = await openSocket(edgeOf(agent), 'chat.test');
    const metrics = await (await health(agent, '/metrics')).text();
    for (const line of [
      'upgate_edge_position 1',
      'upgate_edge_head_lag_positions 0',
      'upgate_edge_feed_connected 1',
      'upgate_edge_resources 1',
      'upgate_edge_open_connections 1',
      'upgate_edge_unsaved 0',
      'upgate_edge_save_failures_total 0',
      'upgate_edge_handshakes_total{result="upgraded"} 1',
      'upgate_edge_syncs_total{result="snapshot"}',
      `upgate_edge_policy_info{epoch="epoch-1",digest="${log.head().digest}"} 1`,
    ]) {
      expect(metrics).toContain(`\n${line}`);
    }
    socket.terminate();
  });

  it('says goodbye when it stops: to the control plane, and to every WebSocket with 1001', async () => {
    await nats.start();
    const agent = await startAgent();
    const { publish, enforced, statuses } = startControlPlane();
    await ready(agent);
    publish(chat(true));
    await enforced();
    const codes = (await Promise.all([1, 2, 3].map(() => openSocket(edgeOf(agent), 'chat.test')))).map(
      closed,
    );
    await agent.stop();
    expect(await Promise.all(codes)).toEqual([1001, 1001, 1001]);
    await eventually('the goodbye', () => statuses.at(-1)?.leaving);
  });

  it('leaves its folder to one agent at a time', async () => {
    const first = await startAgent();
    await expect(startAgent()).rejects.toThrow(/^Another Upgate \(process \d+\) uses the data folder/);
    await first.stop();
    await startAgent();
  });

  it('is another instance after a restart, at home in the same folder', async () => {
    await nats.start();
    const { statuses } = startControlPlane();
    const told = () => eventually('a status', () => statuses.find(({ leaving }) => !leaving));
    const first = await startAgent();
    const { instance, home } = await told();
    await first.stop();
    await eventually('the goodbye', () => statuses.at(-1)?.leaving);
    statuses.length = 0;
    await startAgent();
    const again = await told();
    expect(again.home).toBe(home);
    expect(home).not.toBe('');
    expect(again.instance).not.toBe(instance);
  });

  it.each(['UPGATE_EDGE', 'UPGATE_AGENT_HTTP'])('names %s when it cannot listen there', async (variable) => {
    const taken = origin.url.replace('http://', '');
    await expect(startAgent({ [variable]: taken })).rejects.toThrow(
      `Cannot listen on ${taken}: another program uses it. Choose another address with ${variable}.`,
    );
    await startAgent();
  });
});
