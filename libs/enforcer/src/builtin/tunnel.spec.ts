import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { WebSocket } from 'ws';
import { eventually } from '../../../../test/support/condition.js';
import { openSocket } from '../../../../test/support/edge-client.js';
import { EdgeRig } from '../../../../test/support/edge-rig.js';
import { frame } from '../../../../test/support/frames.js';
import { Origin } from '../../../../test/support/origin.js';
import { handshakeHead, head, RawClient } from '../../../../test/support/raw-client.js';
import { RawOrigin, type RawOriginConnection } from '../../../../test/support/raw-origin.js';
import { settled } from '../../../../test/support/settled.js';
import { closeFrame, WEBSOCKETS_DISABLED } from './close-frame.js';

const SWITCH = head('HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade', 'Upgrade: websocket');

let rig: EdgeRig;
let origin: Origin;
let raw: RawOrigin;

beforeEach(async () => {
  [rig, origin, raw] = await Promise.all([EdgeRig.start(), Origin.start(), RawOrigin.start()]);
  await rig.set('shop', { origin: origin.url });
  await rig.set('raw', { origin: raw.url });
});
afterEach(async () => {
  await Promise.all([rig.stop(), origin.stop(), raw.stop()]);
});

/** An open WebSocket whose two ends speak byte by byte. */
async function open(): Promise<{ client: RawClient; far: RawOriginConnection }> {
  const client = await RawClient.connect(rig.edge, handshakeHead('raw.test'));
  const far = await raw.connection(raw.connections.length);
  await far.hears(/\r\n\r\n/);
  far.send(SWITCH);
  await client.hears(/\r\n\r\n/);
  return { client, far };
}

const disable = () => rig.set('raw', { enabled: false, openConnections: { mode: 'close' } });
const endingWith = (bytes: Buffer) => new RegExp(`${bytes.toString('latin1')}$`);
const CLOSED = endingWith(closeFrame(WEBSOCKETS_DISABLED));

describe('an open WebSocket', () => {
  it('carries on one way when the other has ended', async () => {
    const { client, far } = await open();
    client.socket.end('last words');
    await far.hears(/last words$/);
    await eventually('the end to be passed on', () => far.ended);
    far.send('an answer');
    await client.hears(/an answer$/);
    expect(rig.enforcer.connections()).toBe(1);
    far.socket.end('the end');
    expect(await client.over()).toMatch(/an answerthe end$/);
    await eventually('it to be gone', () => rig.enforcer.connections() === 0);
  });

  it('carries on to the origin when that has said its last', async () => {
    const { client, far } = await open();
    far.socket.end('last words');
    await client.hears(/last words$/);
    await eventually('the end to be passed on', () => client.ended === 'end');
    client.send('an answer');
    await far.hears(/an answer$/);
    expect(rig.enforcer.connections()).toBe(1);
    client.socket.end();
    await eventually('it to be gone', () => rig.enforcer.connections() === 0);
  });

  it('ends for the client when the origin breaks off, with all that was sent before', async () => {
    const { client, far } = await open();
    far.send('last words');
    await client.hears(/last words$/);
    far.socket.resetAndDestroy();
    expect(await client.over()).toMatch(/last words$/);
    await eventually('it to be gone', () => rig.enforcer.connections() === 0);
  });

  it('ends for the origin when the client breaks off', async () => {
    const { client, far } = await open();
    client.socket.resetAndDestroy();
    await eventually('the origin to be let go', () => far.ended);
    await eventually('it to be gone', () => rig.enforcer.connections() === 0);
  });

  it.each(['up', 'down'] as const)('waits for a reader that does not read, %s', async (way) => {
    const { client, far } = await open();
    const [writer, reader] = way === 'up' ? [client.socket, far.socket] : [far.socket, client.socket];
    reader.pause();
    const before = reader.bytesRead;
    const message = frame(Buffer.alloc(100_000, 7));
    const count = 600;
    let taken = 0;
    const write = () => writer.write(message, () => (taken += 1) < count && write());
    write();
    expect(await settled('what the edge takes', () => taken)).toBeLessThan(count / 2);
    reader.resume();
    await eventually('all of it to arrive', () => reader.bytesRead - before === count * message.length);
    client.close();
  });
});

describe('a WebSocket that the edge closes', () => {
  it('gets a Close at both ends, the masked one at the origin', async () => {
    const socket = await openSocket(rig.edge, 'shop.test');
    const codes = [socket, ...origin.sockets.clients].map(async (end) =>
      (await once(end, 'close')).map(String),
    );
    await rig.set('shop', { enabled: false, openConnections: { mode: 'close' } });
    expect(await Promise.all(codes)).toEqual([
      ['1008', 'websockets disabled'],
      ['1008', 'websockets disabled'],
    ]);
    await eventually('it to be gone', () => rig.enforcer.connections() === 0);
    await eventually('the line', () => rig.lines.some(({ closedFor }) => closedFor !== undefined));
  });

  it('gets the rest of the frame under way first, and nothing after it', async () => {
    const { client, far } = await open();
    const whole = frame(Buffer.from('a whole frame'));
    far.send(whole.subarray(0, 5));
    await client.hears(/a w$/);
    await disable();
    far.send(Buffer.concat([whole.subarray(5), frame(Buffer.from('too late'))]));
    expect(await client.hears(CLOSED)).toContain('a whole frame');
    expect(client.received).not.toContain('too late');
    client.close();
  });

  it('gets no second Close after one of its peer', async () => {
    const { client, far } = await open();
    const close = frame(Buffer.from([0x0f, 0xa0]), { opcode: 8 });
    far.send(close);
    await client.hears(endingWith(close));
    await disable();
    expect(await client.over()).toMatch(endingWith(close));
  });

  it('is cut off when the frame under way never ends', async () => {
    const { client, far } = await open();
    far.send(frame(Buffer.alloc(100)).subarray(0, 50));
    client.send(frame(Buffer.alloc(100), { mask: true }).subarray(0, 50));
    await far.hears(/\r\n\r\n[^]{50}/);
    await disable();
    await client.over();
    await eventually('the origin to be let go', () => far.ended);
    expect(rig.enforcer.connections()).toBe(0);
  });

  it('is cut off when its client does not read', async () => {
    const { client, far } = await open();
    client.socket.pause();
    for (let sent = 0; sent < 40; sent += 1) far.send(frame(Buffer.alloc(1_000_000)));
    await eventually('the origin to be held up', () => far.socket.writableLength > 1_000_000);
    await disable();
    await eventually('it to be gone', () => rig.enforcer.connections() === 0);
    client.close();
  });

  it('under traffic both ways has every message whole up to the Close', async () => {
    const sockets = await Promise.all(Array.from({ length: 20 }, () => openSocket(rig.edge, 'shop.test')));
    const ends = sockets.map((socket) => talk(socket));
    await eventually('all to talk', () => ends.every(({ heard }) => heard() > 5));
    await rig.set('shop', { enabled: false, openConnections: { mode: 'close' } });
    expect(await Promise.all(ends.map(({ closed }) => closed))).toEqual(sockets.map(() => 1008));
  });
});

/** Sends messages of all sizes without end, and checks each echo. */
function talk(socket: WebSocket): { heard: () => number; closed: Promise<number> } {
  const expected: string[] = [];
  let heard = 0;
  const say = () => {
    const message = Buffer.alloc(
      1 + ((heard * 7919) % 80_000),
      createHash('md5').update(`${heard}`).digest(),
    );
    expected.push(digest(message));
    socket.send(message, () => undefined);
  };
  const closed = new Promise<number>((resolve, reject) => {
    socket.on('error', reject);
    socket.on('close', resolve);
    socket.on('message', (message: Buffer) => {
      if (digest(message) !== expected.shift()) reject(new Error('a message was corrupted'));
      heard += 1;
      say();
    });
  });
  say();
  say();
  return { heard: () => heard, closed };
}

function digest(message: Buffer): string {
  return createHash('md5').update(message).digest('hex');
}

describe('the end of the edge', () => {
  it('closes WebSockets with 1001, lets a request end, and takes no more', async () => {
    const socket = await openSocket(rig.edge, 'shop.test');
    const code = once(socket, 'close');
    const idle = await RawClient.connect(rig.edge);
    const client = await RawClient.connect(rig.edge, head('GET / HTTP/1.1', 'Host: raw.test'));
    const far = await raw.connection();
    const late = await RawClient.connect(rig.edge, handshakeHead('raw.test'));
    await (await raw.connection(1)).hears(/\r\n\r\n/);
    const { edge } = rig;
    const closed = rig.enforcer.close();
    expect((await code)[0]).toBe(1001);
    raw.connections[1]!.send(SWITCH);
    expect(await late.over()).toMatch(/^HTTP\/1\.1 503 [^]*shutting_down/);
    far.send(`${head('HTTP/1.1 200 OK', 'Content-Length: 2')}ok`);
    expect(await client.over()).toMatch(/ok$/);
    await closed;
    await idle.over();
    await expect(RawClient.connect(edge)).rejects.toThrow('ECONNREFUSED');
  });
});
