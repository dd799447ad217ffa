import { randomUUID } from 'node:crypto';
import { KurrentDBClient } from '@kurrent/kurrentdb-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { KurrentDBEventStore } from '../../libs/event-store/src/kurrentdb/kurrentdb-event-store.js';
import { eventually } from '../support/condition.js';
import { newEvent } from '../support/events.js';

interface Server {
  address: string;
  dispose: () => void;
}

/** What the adapter takes for granted, by the numbers that `kurrentdb/assumptions.ts` gives it. */
export function kurrentAssumptions(name: string, start: () => Promise<Server>): void {
  describe(`what is assumed of KurrentDB: ${name}`, () => {
    let server: Server;
    let client: KurrentDBClient;
    let store: KurrentDBEventStore;
    let stream: string;
    const append = async (count: number): Promise<bigint> => {
      const events = Array.from({ length: count }, () => newEvent());
      return (await store.append(stream, 'any', events)).position;
    };
    const at = (position: bigint) => ({ commit: position, prepare: position });
    beforeEach(async () => {
      server = await start();
      client = KurrentDBClient.connectionString(server.address);
      store = await KurrentDBEventStore.open({ address: server.address });
      stream = `assumed-${randomUUID()}`;
    });
    afterEach(async () => {
      await client.dispose();
      await store.close();
      server.dispose();
    });

    it('1, 2, 8: each event has one place, above 0, which reads of its stream tell too', async () => {
      const last = await append(3);
      const ofStream = await Array.fromAsync(client.readStream(stream, { maxCount: 3 }));
      const places = ofStream.map(({ event }) => event?.position);
      expect(new Set(places.map((place) => place?.commit)).size).toBe(3);
      for (const place of places) {
        expect(place?.commit).toBe(place?.prepare);
        expect(place?.commit).toBeGreaterThan(0n);
      }
      expect(places.at(-1)?.commit).toBe(last);
    });

    it('3: a read begins with the event at a position, a subscription after it', async () => {
      const first = await append(1);
      await append(1);
      const [read] = await Array.fromAsync(client.readAll({ fromPosition: at(first), maxCount: 1 }));
      expect(read?.event?.position).toEqual(at(first));
      const seen: bigint[] = [];
      const subscription = client.subscribeToAll({ fromPosition: at(first) });
      subscription.on('data', ({ event }) => seen.push(event?.position?.commit ?? 0n));
      await eventually('an event', () => seen.length > 0);
      expect(seen[0]).toBeGreaterThan(first);
      await subscription.unsubscribe();
    });

    it('3: a place in the midst of a record is refused', async () => {
      const midst = at((await append(1)) + 1n);
      await append(1);
      await expect(Array.fromAsync(client.readAll({ fromPosition: midst, maxCount: 1 }))).rejects.toThrow(
        /./,
      );
    });
  });
}
