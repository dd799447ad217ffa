import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CHANGE_VERSION, changeMessage, MAX_MESSAGE_BYTES, WireOpenConnections } from '#contract';
import { connectFeed, FeedPublisher, subjectsOf, type FeedConnection, type NodeStatus } from '#edge-feed';
import { formatAddress, parseConfig } from '#platform';
import type { SettingsEntry } from '#settings';
import { eventually } from '../../../test/support/condition.js';
import { handshakeStatus } from '../../../test/support/edge-client.js';
import { FoldedLog, settingsEntry } from '../../../test/support/feed.js';
import { NatsServer } from '../../../test/support/nats.js';
import { Origin } from '../../../test/support/origin.js';
import { EdgeAgentConfig } from './config.js';
import { startEdgeAgent, type EdgeAgent } from './edge-agent.js';

const silent = pino({ level: 'silent' });
const subjects = subjectsOf('default');

let parts: AsyncDisposableStack;
let origin: Origin;
let log: FoldedLog;
let wire: FeedConnection;
let publisher: FeedPublisher;
let statuses: NodeStatus[];
let agent: EdgeAgent;

beforeEach(async () => {
  parts = new AsyncDisposableStack();
  const data = await mkdtemp(join(tmpdir(), 'upgate-refusals-'));
  parts.defer(() => rm(data, { recursive: true }));
  const nats = await NatsServer.launch();
  parts.defer(() => nats.stop());
  origin = await Origin.start();
  parts.defer(() => origin.stop());
  wire = connectFeed({ servers: [nats.url], name: 'control-plane', logger: silent });
  parts.defer(() => wire.close());
  log = new FoldedLog('epoch-1');
  log.append(chat(true));
  publisher = new FeedPublisher({ connection: wire, fleet: 'default', source: log, logger: silent });
  parts.defer(() => publisher.stop());
  statuses = [];
  publisher.onStatus((status) => statuses.push(status));
  await startAgent(nats.url, data);
});

afterEach(() => parts.disposeAsync());

async function startAgent(nats: string, data: string): Promise<void> {
  const config = parseConfig(EdgeAgentConfig, {
    UPGATE_NATS: nats,
    UPGATE_DATA: data,
    UPGATE_NODE: 'edge-1',
    UPGATE_EDGE: '127.0.0.1:0',
    UPGATE_AGENT_HTTP: '127.0.0.1:0',
  });
  agent = await startEdgeAgent(config, config.nats, silent);
  parts.defer(() => agent.stop());
  await acknowledged();
}

const chat = (enabled: boolean) => (position: bigint) => ({
  ...settingsEntry('chat', position, { enabled, hostnames: ['chat.test'] }),
  origin: origin.url,
});

const bad = (change: Partial<SettingsEntry>) => (position: bigint) => ({
  ...settingsEntry('bad', position),
  ...change,
});

const acknowledged = () =>
  eventually(`position ${log.head().position} to be acknowledged`, () =>
    statuses.some(({ position, error }) => position === log.head().position && error === ''),
  );

const refusal = () => eventually('a refusal', () => statuses.find(({ error }) => error !== ''));
const handshake = () => handshakeStatus(formatAddress(agent.address), 'chat.test');

/** The next change that switches the chat off, as bytes; its bytes at the mark are those given. */
function spoilt(mark: number[], bytes: number[]): Uint8Array {
  const { epoch, previous, position, digest } = log.append(chat(false));
  const value = {
    hostnames: ['chat.test'],
    origin: origin.url,
    enabled: false,
    openConnections: WireOpenConnections.OPEN_CONNECTIONS_CLOSE,
    drainSeconds: 0,
    policyPosition: position,
  };
  const changes = [{ resource: 'chat', position, state: { $case: 'entry' as const, value } }];
  const change = { epoch, previous, position, digest, changes, version: CHANGE_VERSION };
  const message = Buffer.from(changeMessage.encode(change));
  message.set(bytes, message.lastIndexOf(Buffer.from(mark)));
  return message;
}

describe('a change that a node must not take', () => {
  it.each([
    ['too many hostnames', { hostnames: names(1_001) }, '1001 hostnames, 1 to 1000 are allowed'],
    [
      'a hostname that is none',
      { hostnames: ['Bad.test'] },
      '"Bad.test" is not a hostname in canonical form',
    ],
    [
      'a hostname of another',
      { hostnames: ['chat.test'] },
      'hostname chat.test belongs to both chat and bad',
    ],
    ['an origin that is none', { origin: 'http://bad/path' }, '"http://bad/path" is not an origin'],
  ])('for %s: it keeps its policy, and takes the next good one', async (_what, change, reason) => {
    publisher.publish(log.append(bad(change)));
    const { error, position } = await refusal();
    expect(error).toContain(reason);
    expect(position).toBe(1n);
    expect(await handshake()).toBe(101);

    publisher.publish(log.append(bad({ hostnames: ['good.test'] }), chat(false)));
    await acknowledged();
    expect(await handshake()).toBe(403);
  });

  it.each([
    ['an unknown mode', [0x20, 3], [0x20, 9], 'chat: unknown mode 9 for open connections'],
    ['an unknown version', [0x30, 1], [0x30, 2], 'the version 2 of the change is not known, only 1 is'],
  ])('for %s: it says so, and gets what it lacks by a sync', async (_what, mark, bytes, reason) => {
    wire.publish(subjects.change, spoilt(mark, bytes));
    const { error, position } = await refusal();
    expect(error).toBe(`a change cannot be read: ${reason}`);
    expect(position).toBe(1n);
    await acknowledged();
    expect(await handshake()).toBe(403);
  });

  it('for its size: it says so, and forgets it when nothing is missing', async () => {
    wire.publish(subjects.change, new Uint8Array(MAX_MESSAGE_BYTES + 1));
    const { error, position } = await refusal();
    expect(error).toBe('a change cannot be read: it is 1000001 bytes long, at most 1000000 are allowed');
    expect(position).toBe(1n);
    statuses.length = 0;
    await acknowledged();
    expect(await handshake()).toBe(101);
  });
});

function names(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `h${index}.test`);
}
