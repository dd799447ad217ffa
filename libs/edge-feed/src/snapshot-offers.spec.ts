import { beforeEach, describe, expect, it } from 'vitest';
import type { SyncRequestMessage } from '#contract';
import { FoldedLog } from '../../../test/support/feed.js';
import { LEASE_MS, MAX_LEASES, MAX_SUPERSEDED, OFFER_FRESH_MS, SnapshotOffers } from './snapshot-offers.js';

let log: FoldedLog;
let now: number;
let offers: SnapshotOffers;

beforeEach(() => {
  log = new FoldedLog('e');
  log.set('shop');
  now = 1_000;
  offers = new SnapshotOffers(log, 'upgate.test.chunk.r', () => now);
});

function request(node: string, part: Partial<SyncRequestMessage> = {}): SyncRequestMessage {
  return { node, epoch: '', position: 0n, snapshot: false, ...part };
}

async function offered(node: string, part?: Partial<SyncRequestMessage>) {
  const offer = await offers.offer(request(node, part));
  if (!offer) throw new Error('no snapshot is offered');
  return offer;
}

describe('a snapshot on offer', () => {
  it('is built once for all who ask at the same time', async () => {
    const both = await Promise.all([offered('a'), offered('b')]);
    expect(both[0].id).toBe(both[1].id);
    expect(log.snapshotsBuilt).toBe(1);
  });

  it('is shared while it is current, however old', async () => {
    await offered('a');
    now += 10 * OFFER_FRESH_MS;
    await offered('b');
    expect(log.snapshotsBuilt).toBe(1);
  });

  it('is shared for a while when the log has moved on, since the rest is a few changes', async () => {
    const first = await offered('a');
    log.set('blog');
    expect((await offered('b')).id).toBe(first.id);
    now += OFFER_FRESH_MS;
    expect((await offered('c')).position).toBe(2n);
  });

  it('is built anew for a node that stands further on, and for another log', async () => {
    await offered('a');
    log.set('blog');
    expect((await offered('b', { epoch: 'e', position: 1n, snapshot: true })).position).toBe(2n);
    log.epoch = 'other';
    expect((await offered('c')).epoch).toBe('other');
  });

  it('is kept while someone fetches it, and gone after', async () => {
    const old = await offered('slow');
    log.set('blog');
    now += OFFER_FRESH_MS;
    await offered('a');
    const chunk = (index: number) => offers.chunk({ id: old.id, index, node: 'slow' });
    expect(chunk(0).gone).toBe(false);
    await offered('b');
    expect(chunk(0).gone).toBe(true);
    expect(chunk(7).gone).toBe(true);
  });

  it('is kept for who fetches it slowly: with as many as may be held, a new node is offered one that is older', async () => {
    const slow = await offered('slow');
    let newest = slow;
    for (let index = 0; index < MAX_SUPERSEDED; index += 1) {
      log.set(`r${index}`);
      newest = await offered(`n${index}`, { epoch: 'e', position: log.head().position - 1n, snapshot: true });
    }
    log.set('blog');
    now += OFFER_FRESH_MS;
    expect((await offered('new')).id).toBe(newest.id);
    expect(offers.chunk({ id: slow.id, index: 0, node: 'slow' }).gone).toBe(false);
  });

  it('gives way, if it is the oldest, when too many newer ones are fetched too', async () => {
    const fetched = [];
    for (let index = 0; index < MAX_SUPERSEDED + 2; index += 1) {
      log.set(`r${index}`);
      const at = { epoch: 'e', position: log.head().position - 1n, snapshot: true };
      fetched.push(await offered(`n${index}`, at));
    }
    const gone = fetched.map(({ id }, index) => offers.chunk({ id, index: 0, node: `n${index}` }).gone);
    expect(gone).toEqual(fetched.map((_, index) => index === 0));
  });

  it('is refused when too many fetch, until one has all or has given up', async () => {
    for (let index = 0; index < MAX_LEASES; index += 1) await offered(`n${index}`);
    expect(await offers.offer(request('late'))).toBeUndefined();
    const again = await offered('n0');
    offers.chunk({ id: again.id, index: again.chunks - 1, node: 'n0' });
    await offered('late');
    expect(await offers.offer(request('later'))).toBeUndefined();
    now += LEASE_MS;
    await offered('later');
  });
});
