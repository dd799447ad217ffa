import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SettingsChange } from '#settings';
import { FoldedLog, settingsEntry, TableNode } from '../../../test/support/feed.js';
import { Coverage } from './coverage.js';
import type { FeedChange } from './messages.js';
import { judgeChange, judgeHead, remainder } from './ordering.js';
import { PendingChanges } from './pending-changes.js';

const at = { epoch: 'e', position: 5n, digest: 'd' };

describe('a node that stands at a position', () => {
  it.each([
    ['e', 5n, 6n, 'applies'],
    ['e', 3n, 6n, 'applies'],
    ['e', 4n, 5n, 'old'],
    ['e', 1n, 2n, 'old'],
    ['e', 6n, 7n, 'gap'],
    ['f', 5n, 6n, 'foreign'],
  ])('judges a change of epoch %s from %s to %s: %s', (epoch, previous, position, verdict) => {
    expect(judgeChange(at, { epoch, previous, position })).toBe(verdict);
  });

  it.each([
    ['e', 5n, 'd', 'current'],
    ['e', 5n, 'x', 'drifted'],
    ['e', 6n, 'x', 'behind'],
    ['e', 4n, 'x', 'ahead'],
    ['f', 5n, 'd', 'foreign'],
  ])('judges a head of epoch %s at %s with digest %s: %s', (epoch, position, digest, verdict) => {
    expect(judgeHead(at, { epoch, position, digest })).toBe(verdict);
  });
});

/** One event: a resource is set, or removed. */
type Event = { resource: string; removed: boolean; enabled: boolean };

const anyEvents: fc.Arbitrary<Event[]> = fc.array(
  fc.record({
    resource: fc.constantFrom('a', 'b', 'c', 'd'),
    removed: fc.boolean(),
    enabled: fc.boolean(),
  }),
  { minLength: 1, maxLength: 30 },
);

function append(log: FoldedLog, events: Event[]): FeedChange {
  return log.append(
    ...events.map(({ resource, removed, enabled }) => (position: bigint): SettingsChange => {
      return removed ? { resource, position, removed } : settingsEntry(resource, position, { enabled });
    }),
  );
}

/** What a replica publishes when it coalesces bursts of these sizes. */
function published(events: Event[], bursts: number[]): FeedChange[] {
  const log = new FoldedLog('e');
  const messages: FeedChange[] = [];
  for (let from = 0, burst = 0; from < events.length; burst += 1) {
    const size = bursts[burst % bursts.length]!;
    messages.push(append(log, events.slice(from, from + size)));
    from += size;
  }
  return messages;
}

const anyBursts = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 5 });

describe('the ordering rule', () => {
  it('brings a node to the fold of the log, never backwards, however two replicas coalesce and whatever is lost, repeated or out of order', async () => {
    const anyDelivery = fc.infiniteStream(
      fc.record({ replica: fc.nat(1), pick: fc.nat(1_000), lose: fc.boolean() }),
    );
    await fc.assert(
      fc.asyncProperty(
        anyEvents,
        anyBursts,
        anyBursts,
        anyDelivery,
        async (events, one, other, deliveries) => {
          const truth = new FoldedLog('e');
          append(truth, events);
          const replicas = [published(events, one), published(events, other)];
          const node = new TableNode();
          await node.applySnapshot((await new FoldedLog('e').snapshot()).bytes);
          for (const { replica, pick, lose } of deliveries.take(60)) {
            const messages = replicas[replica]!;
            if (!lose) await deliver(node, messages[pick % messages.length]!);
          }
          await deliver(node, missing(truth, node));
          expect(node.at()).toEqual(truth.head());
          expect([...node.table.entries()].map(({ resource }) => resource).toSorted()).toEqual(
            [...truth.table.entries()].map(({ resource }) => resource).toSorted(),
          );
          const positions = node.path.slice(1).map(({ position }) => position);
          expect(positions).toEqual([...new Set(positions)].toSorted((a, b) => (a < b ? -1 : 1)));
        },
      ),
    );
  });
});

/** Applies what applies; every digest on the way must be that of the message. */
async function deliver(node: TableNode, change: FeedChange): Promise<void> {
  if (judgeChange(node.at(), change) !== 'applies') return;
  expect(await node.applyChange(remainder(change, node.at().position))).toBe('applied');
}

function missing(log: FoldedLog, node: TableNode): FeedChange {
  const { position } = node.at();
  return { ...log.head(), previous: position, changes: log.changesSince(position, 1_000)! };
}

describe('what other replicas were heard to publish', () => {
  it('covers a change only when it was heard without a hole', () => {
    const heard = new Coverage();
    const range = (previous: bigint, position: bigint, epoch = 'e') => ({ epoch, previous, position });
    expect(heard.covers(range(1n, 2n))).toBe(false);
    heard.add(range(1n, 4n));
    heard.add(range(3n, 6n));
    expect(heard.covers(range(1n, 6n))).toBe(true);
    expect(heard.covers(range(2n, 5n))).toBe(true);
    expect(heard.covers(range(0n, 2n))).toBe(false);
    expect(heard.covers(range(5n, 7n))).toBe(false);
    expect(heard.covers(range(2n, 5n, 'f'))).toBe(false);
    heard.add(range(8n, 9n));
    expect(heard.covers(range(2n, 5n))).toBe(false);
    expect(heard.covers(range(8n, 9n))).toBe(true);
  });
});

describe('changes not yet judged', () => {
  const change = (position: bigint): FeedChange => ({
    ...new FoldedLog('e').head(),
    previous: 0n,
    position,
    changes: [],
  });

  it('are kept in the order they came', () => {
    const pending = new PendingChanges();
    for (const position of [2n, 1n, 3n, 4n]) pending.add(change(position), 10);
    pending.dropWhile(({ position }) => position < 3n);
    expect(pending.first?.position).toBe(3n);
    pending.keep(({ position }) => position > 3n);
    expect(pending.first?.position).toBe(4n);
    pending.shift();
    expect(pending.first).toBeUndefined();
  });

  it('are all forgotten when they are too many or too large', () => {
    const many = new PendingChanges();
    let position = 1n;
    while (many.add(change(position), 10)) position += 1n;
    expect(many.first).toBeUndefined();
    expect(position).toBe(4_097n);

    const large = new PendingChanges();
    expect(large.add(change(1n), 32 * 1024 * 1024)).toBe(true);
    expect(large.add(change(2n), 1)).toBe(false);
    expect(large.first).toBeUndefined();
    expect(large.add(change(3n), 1)).toBe(true);
  });
});
