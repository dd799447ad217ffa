import { afterEach, expect, it } from 'vitest';
import { connectFeed, type FeedConnection } from '#edge-feed';
import { eventually } from '../../../test/support/condition.js';
import { NatsServer } from '../../../test/support/nats.js';
import { freePorts } from '../../../test/support/ports.js';
import { SilentServer } from '../../../test/support/silent-server.js';

const lines: string[] = [];
const ends: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0)) await end();
  lines.length = 0;
});

async function listen(port: number): Promise<SilentServer> {
  const silent = await SilentServer.listen(port);
  ends.unshift(() => silent.stop());
  return silent;
}

function connect(...ports: number[]): FeedConnection {
  const log = (_fields: object, message: string) => void lines.push(message);
  const servers = ports.map((port) => `nats://127.0.0.1:${port}`);
  const connection = connectFeed({ servers, name: 'edge', logger: { info: log, warn: log } });
  ends.unshift(() => connection.close());
  return connection;
}

it(
  'has one socket at a time to a server that says nothing, however often it tries',
  { timeout: 60_000 },
  async () => {
    const [port = 0] = await freePorts(1);
    const silent = await listen(port);
    connect(port);
    await eventually('three attempts', () => silent.taken >= 3, 30_000);
    await eventually('the failed ones to be closed', () => silent.open <= 1);
    expect(lines).toEqual(['NATS cannot be reached, it is tried again and again']);
  },
);

it('leaves a server that says nothing when it is closed, and tries no other', async () => {
  const ports = await freePorts(2);
  const [one, other] = [await listen(ports[0]!), await listen(ports[1]!)];
  const connection = connect(...ports);
  const taken = await eventually('an attempt', () => one.taken + other.taken || undefined);
  const told = [...lines];
  await connection.close();
  await eventually('it to be over', () => one.open + other.open === 0);
  expect(one.taken + other.taken).toBe(taken);
  expect(lines).toEqual(told);
});

it('leaves a server that says nothing when it is closed while it reconnects', async () => {
  const nats = await NatsServer.launch();
  ends.unshift(() => nats.stop());
  const connection = connect(nats.port);
  await eventually('the connection', () => connection.connected);
  await nats.stop();
  const silent = await listen(nats.port);
  await eventually('an attempt', () => silent.taken > 0);
  await connection.close();
  await eventually('it to be over', () => silent.open === 0);
});
