import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WrongRevision, type EventStore, type RecordedEvent, type SubscriptionItem } from '#event-store';
import { newEvent } from '../support/events.js';

export interface StoreUnderTest {
  store: EventStore;
  /** Closes the store and opens the same log again. Absent: the adapter keeps nothing. */
  reopen?: () => Promise<EventStore>;
  dispose: () => Promise<void>;
}

async function all(events: AsyncIterable<RecordedEvent>): Promise<RecordedEvent[]> {
  const found: RecordedEvent[] = [];
  for await (const event of events) found.push(event);
  return found;
}

/** What every event store does. Positions are opaque: they only grow. */
export function eventStoreContract(name: string, open: () => Promise<StoreUnderTest>): void {
  describe(`an event store: ${name}`, () => {
    let under: StoreUnderTest;
    let store: EventStore;
    beforeEach(async () => {
      under = await open();
      ({ store } = under);
    });
    afterEach(() => under.dispose());

    const append = (stream: string, count = 1) =>
      store.append(
        stream,
        'any',
        Array.from({ length: count }, (_, index) => newEvent('Happened', { index })),
      );

    it('gives back what was appended, in order, with revision and position', async () => {
      const events = [newEvent('A', { text: 'ü\u0000"', nested: [1, null] }), newEvent('B')];
      const appended = await store.append('s-1', 'none', events);
      const read = await all(store.readStream('s-1'));
      expect(read.map(({ position: _position, ...rest }) => rest)).toEqual(
        events.map((event, index) => ({ ...event, stream: 's-1', revision: index + 1 })),
      );
      expect(appended).toEqual({ revision: 2, position: read[1]!.position });
      expect(read[1]!.position).toBeGreaterThan(read[0]!.position);
      expect(await store.head()).toBe(appended.position);
    });

    it('obeys every form of expected revision', async () => {
      await expect(store.append('s', 'exists', [newEvent()])).rejects.toThrow(WrongRevision);
      await expect(store.append('s', 1, [newEvent()])).rejects.toThrow(WrongRevision);
      await store.append('s', 'none', [newEvent()]);
      await expect(store.append('s', 'none', [newEvent()])).rejects.toThrow(WrongRevision);
      await store.append('s', 'exists', [newEvent()]);
      await store.append('s', 'any', [newEvent()]);
      await store.append('s', 3, [newEvent()]);
      await expect(store.append('s', 3, [newEvent()])).rejects.toMatchObject({
        stream: 's',
        expected: 3,
        actual: 4,
      });
      expect(await all(store.readStream('s'))).toHaveLength(4);
    });

    it('refuses to append nothing', async () => {
      await expect(store.append('s', 'any', [])).rejects.toThrow(RangeError);
    });

    it('lets one of twenty win a race, and spoils no other stream', async () => {
      const racing = Array.from({ length: 20 }, () =>
        store.append('raced', 'none', [newEvent(), newEvent()]),
      );
      const bystanders = Array.from({ length: 20 }, (_, index) =>
        store.append(`other-${index}`, 'none', [newEvent()]),
      );
      const results = await Promise.allSettled(racing);
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      await Promise.all(bystanders);
      expect(await all(store.readStream('raced'))).toHaveLength(2);
    });

    it('reads streams and the whole log from a place on, by prefix', async () => {
      await append('a-1', 3);
      await append('b-1', 2);
      const { position } = await append('a-2', 1);
      await append('a-1', 1);
      expect(
        (await all(store.readStream('a-1', { after: 1, limit: 2 }))).map(({ revision }) => revision),
      ).toEqual([2, 3]);
      expect(await all(store.readStream('nothing'))).toEqual([]);
      expect((await all(store.readAll())).map(({ stream }) => stream)).toHaveLength(7);
      expect((await all(store.readAll({ prefix: 'a-' }))).map(({ stream }) => stream)).toEqual([
        'a-1',
        'a-1',
        'a-1',
        'a-2',
        'a-1',
      ]);
      expect((await all(store.readAll({ after: position }))).map(({ stream }) => stream)).toEqual(['a-1']);
    });

    it('reads more than fits in one batch', async () => {
      await append('long', 2_500);
      expect((await all(store.readStream('long'))).map(({ revision }) => revision)).toEqual(
        Array.from({ length: 2_500 }, (_, index) => index + 1),
      );
      expect(await all(store.readAll())).toHaveLength(2_500);
    });

    it('subscribes: catches up, then goes on live, without gap or duplicate while others append', async () => {
      await append('cdn-old', 1_500);
      const signal = new AbortController();
      const seen: bigint[] = [];
      let live = false;
      const writing = (async () => {
        for (let index = 0; index < 200; index += 1)
          await append(index % 3 === 0 ? 'other' : `cdn-${index}`, 1 + (index % 3));
      })();
      const wanted = async () =>
        (await all(store.readAll({ prefix: 'cdn-' }))).map(({ position }) => position);
      for await (const items of store.subscribe({ after: 0n, prefix: 'cdn-', signal: signal.signal })) {
        for (const item of items) if (item.kind === 'event') seen.push(item.event.position);
        if (!items.some(({ kind }) => kind === 'caught-up')) continue;
        if (!live) await writing;
        if (live && seen.length === (await wanted()).length) signal.abort();
        if (!live) await append('cdn-last');
        live = true;
      }
      expect(seen).toEqual(await wanted());
    });

    it('resumes from a position, and says when it has caught up', async () => {
      const { position } = await append('s', 10);
      const next = await append('s', 3);
      const signal = new AbortController();
      const items: SubscriptionItem[] = [];
      for await (const batch of store.subscribe({ after: position, signal: signal.signal })) {
        items.push(...batch);
        if (batch.some(({ kind }) => kind === 'caught-up')) signal.abort();
      }
      expect(items.map(({ kind }) => kind)).toEqual(['event', 'event', 'event', 'caught-up']);
      expect(items.at(-1)).toEqual({ kind: 'caught-up', position: next.position });
    });

    it('yields nothing at or before the position asked for, even if the log has not got there', async () => {
      await append('s', 2);
      const after = (await store.head()) + 3n;
      const signal = new AbortController();
      const seen: bigint[] = [];
      for await (const items of store.subscribe({ after, signal: signal.signal })) {
        for (const item of items) if (item.kind === 'event') seen.push(item.event.position);
        if (seen.length > 0) signal.abort();
        else await append('s', 4);
      }
      expect(seen.filter((position) => position <= after)).toEqual([]);
    });

    it('has an epoch of its own', async () => {
      const other = await open();
      expect(await store.epoch()).toMatch(/^[0-9a-f-]{36}$/);
      expect(await other.store.epoch()).not.toBe(await store.epoch());
      await other.dispose();
    });

    it('has everything after a restart as it was before', async () => {
      if (!under.reopen) return expect(name).toBe('memory');
      await append('s', 5);
      const before = {
        epoch: await store.epoch(),
        head: await store.head(),
        events: await all(store.readAll()),
      };
      store = await under.reopen();
      expect({
        epoch: await store.epoch(),
        head: await store.head(),
        events: await all(store.readAll()),
      }).toEqual(before);
      await append('s', 1);
      expect((await all(store.readStream('s'))).at(-1)).toMatchObject({ revision: 6 });
    });
  });
}
