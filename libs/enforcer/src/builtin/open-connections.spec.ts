import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { WebSocket } from 'ws';
import { removalOf, SettingsTable, type SettingsEntry } from '#settings';
import { closed, echo, openSocket } from '../../../../test/support/edge-client.js';
import { EdgeRig, type Settings } from '../../../../test/support/edge-rig.js';
import { Origin } from '../../../../test/support/origin.js';

const CLOSE = { mode: 'close' } as const;
const KEEP = { mode: 'keep' } as const;
const drain = (seconds: number) => ({ mode: 'drain', seconds }) as const;

let rig: EdgeRig;
let origin: Origin;

beforeEach(async () => {
  [rig, origin] = await Promise.all([EdgeRig.start(), Origin.start()]);
  await set({ hostnames: ['shop.test', '*.shop.test'], origin: origin.url });
  await rig.set('other', { origin: origin.url });
});
afterEach(async () => {
  vi.useRealTimers();
  await Promise.all([rig.stop(), origin.stop()]);
});

const set = (settings: Settings) => rig.set('shop', settings);

function openMany(count: number, host = 'shop.test'): Promise<WebSocket[]> {
  return Promise.all(Array.from({ length: count }, () => openSocket(rig.edge, host)));
}

async function expectOpen(...sockets: WebSocket[]): Promise<void> {
  const answers = await Promise.all(sockets.map((socket) => echo(socket, 'there?')));
  expect(answers).toEqual(sockets.map(() => 'there?'));
}

describe('open connections, when WebSockets are disabled', () => {
  it('are kept, and can be closed by a later word', async () => {
    const [socket] = await openMany(1);
    await set({ enabled: false, openConnections: KEEP });
    await expectOpen(socket!);
    const code = closed(socket!);
    await set({ enabled: false, openConnections: CLOSE });
    expect(await code).toBe(1008);
  });

  it('are closed at once, those of other resources not', async () => {
    const sockets = await openMany(5);
    const [bystander] = await openMany(1, 'other.test');
    const codes = sockets.map(closed);
    await set({ enabled: false, openConnections: CLOSE });
    expect(await Promise.all(codes)).toEqual(sockets.map(() => 1008));
    await expectOpen(bystander!);
  });

  it('are drained at once over 0 seconds', async () => {
    const sockets = await openMany(3);
    const codes = sockets.map(closed);
    await set({ enabled: false, openConnections: drain(0) });
    expect(await Promise.all(codes)).toEqual([1008, 1008, 1008]);
  });
});

describe('a drain', () => {
  /** Only the timers of the drain itself are moved by hand. */
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));

  it('closes connections evenly', async () => {
    const sockets = await openMany(4);
    const codes = sockets.map(closed);
    await set({ enabled: false, openConnections: drain(8) });
    for (let turn = 0; turn < 4; turn += 1) {
      expect(await codes[turn]).toBe(1008);
      await expectOpen(...sockets.slice(turn + 1));
      vi.advanceTimersByTime(1_999);
      await expectOpen(...sockets.slice(turn + 1));
      vi.advanceTimersByTime(1);
    }
  });

  it('ends when WebSockets are enabled again', async () => {
    const [first, second] = await openMany(2);
    const code = closed(first!);
    await set({ enabled: false, openConnections: drain(10) });
    expect(await code).toBe(1008);
    await set({ enabled: true });
    vi.advanceTimersByTime(60_000);
    await expectOpen(second!);
  });

  it('gives way to a later word', async () => {
    const [first, second, third] = await openMany(3);
    const codes = [first!, second!].map(closed);
    await set({ enabled: false, openConnections: drain(10) });
    expect(await codes[0]).toBe(1008);
    await set({ enabled: false, openConnections: KEEP });
    vi.advanceTimersByTime(60_000);
    await expectOpen(second!, third!);
    await set({ enabled: false, openConnections: drain(6) });
    expect(await codes[1]).toBe(1008);
    await expectOpen(third!);
  });

  it('goes on as it began when something else changes', async () => {
    const [first, second] = await openMany(2);
    const codes = [first!, second!].map(closed);
    await set({ enabled: false, openConnections: drain(10) });
    expect(await codes[0]).toBe(1008);
    vi.advanceTimersByTime(4_000);
    await set({ origin: 'http://127.0.0.1:9' });
    await set({ hostnames: ['shop.test', 'more.test'] });
    await expectOpen(second!);
    vi.advanceTimersByTime(1_000);
    expect(await codes[1]).toBe(1008);
  });
});

describe('open connections, when their host goes', () => {
  it('meet the last word of the resource that is deleted', async () => {
    await set({ openConnections: CLOSE });
    const code = closed((await openMany(1))[0]!);
    await rig.remove('shop');
    expect(await code).toBe(1008);
  });

  it('meet the last word of the resource that loses the hostname, and those of other hostnames stay', async () => {
    await set({ openConnections: CLOSE });
    const [exact] = await openMany(1);
    const [wild] = await openMany(1, 'a.shop.test');
    const code = closed(wild!);
    await set({ hostnames: ['shop.test'] });
    expect(await code).toBe(1008);
    await expectOpen(exact!);
  });

  it('are not those of the resource that gets it', async () => {
    await set({ openConnections: CLOSE });
    const code = closed((await openMany(1))[0]!);
    await rig.apply([
      rig.entry('shop', { hostnames: ['*.shop.test'] }),
      rig.entry('other', { hostnames: ['other.test', 'shop.test'] }),
    ]);
    expect(await code).toBe(1008);
  });

  it('have gone also where an exact hostname elsewhere takes it from a wildcard', async () => {
    await set({ openConnections: CLOSE });
    const [taken, untouched] = await Promise.all([
      openSocket(rig.edge, 'a.shop.test'),
      openSocket(rig.edge, 'b.shop.test'),
    ]);
    const code = closed(taken);
    await rig.set('other', { hostnames: ['other.test', 'a.shop.test'] });
    expect(await code).toBe(1008);
    await expectOpen(untouched);
  });

  it('stay if it comes back before their turn', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    await set({ openConnections: drain(10) });
    const [first, second] = await openMany(2);
    const code = closed(first!);
    await set({ hostnames: ['moved.test'] });
    expect(await code).toBe(1008);
    await set({ hostnames: ['shop.test'] });
    vi.advanceTimersByTime(60_000);
    await expectOpen(second!);
  });
});

describe('open connections, when several changes come as one', () => {
  const off = () => rig.entry('shop', { enabled: false, openConnections: CLOSE });

  it('meet the last word of a resource that is deleted', async () => {
    const code = closed((await openMany(1))[0]!);
    await rig.apply([removalOf(off(), 100n)]);
    expect(await code).toBe(1008);
  });

  it('meet the last word of a resource that loses the hostname', async () => {
    const code = closed((await openMany(1))[0]!);
    await rig.apply([{ ...off(), hostnames: ['moved.test'] }]);
    expect(await code).toBe(1008);
  });

  it('are not kept for ever when the last word is not told', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const [first, second] = await openMany(2);
    const codes = [first!, second!].map(closed);
    await rig.apply([{ resource: 'shop', position: 100n, removed: true }]);
    expect(await codes[0]).toBe(1008);
    await expectOpen(second!);
    vi.advanceTimersByTime(15_000);
    expect(await codes[1]).toBe(1008);
  });
});

describe('open connections that were kept when their host went', () => {
  beforeEach(() => set({ hostnames: ['moved.test'] }));

  const openBefore = async () => {
    await set({ hostnames: ['shop.test'] });
    const [socket] = await openMany(1);
    await set({ hostnames: ['moved.test'] });
    return socket!;
  };

  it('stay as long as WebSockets are on', async () => {
    const socket = await openBefore();
    await set({ openConnections: CLOSE });
    await expectOpen(socket);
  });

  it('are closed with those of the other hosts', async () => {
    const code = closed(await openBefore());
    await set({ enabled: false, openConnections: CLOSE });
    expect(await code).toBe(1008);
  });

  it('stay when the resource is deleted with the same word', async () => {
    const socket = await openBefore();
    await rig.remove('shop');
    await expectOpen(socket);
  });
});

it('200 open connections outlive 100 changes that are not about them', async () => {
  const sockets = await openMany(200);
  for (let round = 0; round < 25; round += 1) {
    await rig.set('other', { enabled: round % 2 === 0, openConnections: CLOSE });
    await rig.set(`new-${round}`, { hostnames: [`new-${round}.test`] });
    await set({ origin: `http://127.0.0.1:${round + 1}` });
    await set({ hostnames: ['shop.test', '*.shop.test', `more-${round}.test`] });
  }
  await expectOpen(...sockets);
  expect(rig.enforcer.connections()).toBe(200);
});

describe('a table that takes the place of another', () => {
  const tableOf = (...entries: SettingsEntry[]) => {
    const table = new SettingsTable();
    table.apply(entries);
    return table;
  };

  it('is obeyed where it says otherwise at the same position, which is then of another log', async () => {
    const [socket] = await openMany(1);
    await set({ enabled: false, openConnections: KEEP });
    await expectOpen(socket!);
    const kept = rig.table.get('shop')!;
    const code = closed(socket!);
    const websockets = { ...kept.websockets, openConnections: CLOSE };
    await rig.enforcer.replace(rig.table, tableOf({ ...kept, websockets }));
    expect(await code).toBe(1008);
  });

  it('leaves connections as they are that have met their fate', async () => {
    const [socket] = await openMany(1);
    await set({ enabled: false, openConnections: KEEP });
    await rig.enforcer.replace(rig.table, tableOf(rig.table.get('shop')!));
    await expectOpen(socket!);
  });

  it('keeps no connection for ever whose resource is not in it', async () => {
    const code = closed((await openMany(1))[0]!);
    await rig.enforcer.replace(rig.table, tableOf());
    expect(await code).toBe(1008);
  });
});

it('a policy that comes as a whole is obeyed like a change', async () => {
  const [socket] = await openMany(1);
  const [bystander] = await openMany(1, 'other.test');
  const other = await EdgeRig.start();
  const code = closed(socket!);
  const after = rig.entry('shop', { enabled: false, openConnections: CLOSE });
  other.table.apply([after, rig.table.get('other')!]);
  const diff = { before: rig.table.get('shop'), change: after };
  await rig.enforcer.apply([diff], other.table);
  expect(await code).toBe(1008);
  await expectOpen(bystander!);
  await other.stop();
});
