import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StoreUnavailable, WrongRevision } from '#event-store';
import { KurrentDBEventStore } from '../../libs/event-store/src/kurrentdb/kurrentdb-event-store.js';
import { eventually } from '../support/condition.js';
import { newEvent } from '../support/events.js';
import { KurrentServer, type Fault } from '../support/kurrentdb/server.js';

describe('KurrentDB in trouble', () => {
  let server: KurrentServer;
  let store: KurrentDBEventStore;
  beforeEach(async () => {
    server = await KurrentServer.start();
    store = await KurrentDBEventStore.open({ address: server.address, deadlineMs: 4_000 });
  });
  afterEach(async () => {
    await store.close();
    server.stop();
  });
  const stored = () => Array.fromAsync(store.readStream('s'));

  it.each<Fault>(['lose-answer', 'never-answer', 'no-leader', 'leader-elsewhere'])(
    'stores an append once: %s',
    async (fault) => {
      server.faults.push(fault);
      const events = [newEvent(), newEvent()];
      const appended = await store.append('s', 'none', events);
      expect(appended).toMatchObject({ revision: 2 });
      expect((await stored()).map(({ id }) => id)).toEqual(events.map(({ id }) => id));
      expect((await stored()).at(-1)?.position).toBe(appended.position);
    },
  );

  it('finds an append whose answer was lost, though others have appended since', async () => {
    const events = [newEvent()];
    const appended = await store.append('s', 'none', events);
    await store.append('s', 1, [newEvent()]);
    expect(await store.append('s', 'none', events)).toEqual(appended);
    await expect(store.append('s', 'none', [newEvent()])).rejects.toThrow(WrongRevision);
  });

  it('says that it is unavailable once the deadline is over, and goes on when the server is back', async () => {
    server.stop();
    await expect(store.append('s', 'none', [newEvent()])).rejects.toThrow(StoreUnavailable);
    await server.listen();
    expect(await store.append('s', 'none', [newEvent()])).toMatchObject({ revision: 1 });
  });

  it('does not insist where access is denied', async () => {
    server.faults.push('deny');
    await expect(store.append('s', 'none', [newEvent()])).rejects.toThrow(/KurrentDB denies access/);
    expect(server.faults).toEqual([]);
  });

  it('makes one epoch, whoever asks first', async () => {
    const fresh = await KurrentServer.start();
    const stores = await Promise.all(
      Array.from({ length: 3 }, () => KurrentDBEventStore.open({ address: fresh.address })),
    );
    const epochs = await Promise.all(stores.map((each) => each.epoch()));
    expect(new Set(epochs).size).toBe(1);
    await Promise.all(stores.map((each) => each.close()));
    fresh.stop();
  });

  it('goes on after a drop from a place that the server named, and misses nothing that lies there', async () => {
    const stop = new AbortController();
    const seen: number[] = [];
    await store.append('s', 'none', [newEvent()]);
    await store.append(
      'other',
      'none',
      Array.from({ length: 40 }, () => newEvent()),
    );
    const listening = (async () => {
      for await (const items of store.subscribe({ after: 0n, prefix: 's', signal: stop.signal }))
        for (const item of items) if (item.kind === 'event') seen.push(item.event.revision);
    })();
    for (let revision = 2; revision <= 4; revision += 1) {
      await eventually('what came before', () => seen.includes(revision - 1));
      server.dropConnections();
      await store.append('s', revision - 1, [newEvent()]);
      await store.append(
        'other',
        'any',
        Array.from({ length: 40 }, () => newEvent()),
      );
    }
    await eventually('the last', () => seen.includes(4));
    stop.abort();
    await listening;
    expect(seen).toEqual([1, 2, 3, 4]);
  });

  it('cannot read in the midst of a record', async () => {
    const { position } = await store.append('s', 'none', [newEvent()]);
    const reading = Array.fromAsync(store.readAll({ after: position + 1n }));
    await expect(reading).rejects.toThrow(StoreUnavailable);
  });

  it('subscribes again after every drop, with no event lost or doubled', async () => {
    const stop = new AbortController();
    const seen: number[] = [];
    const marks: bigint[] = [];
    const listening = (async () => {
      for await (const items of store.subscribe({ after: 0n, prefix: 's', signal: stop.signal }))
        for (const item of items) {
          if (item.kind === 'event') seen.push(item.event.revision);
          else marks.push(item.position);
        }
    })();
    for (let revision = 1; revision <= 4; revision += 1) {
      await store.append('s', revision === 1 ? 'none' : revision - 1, [newEvent()]);
      await eventually('the event', () => seen.includes(revision));
      if (revision === 2) server.stop();
      else server.dropConnections();
      if (revision === 2) await server.listen();
    }
    const { position } = await store.append('other', 'none', [newEvent()]);
    await eventually('a mark past what the prefix leaves out', () => (marks.at(-1) ?? 0n) >= position);
    stop.abort();
    await listening;
    expect(seen).toEqual([1, 2, 3, 4]);
  });
});
