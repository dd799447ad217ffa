import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultWebsockets, type CdnResource, type CdnResourceEvent } from '#domain';
import {
  canonicalEntry,
  decodeSnapshot,
  Digest,
  EMPTY_DIGEST,
  encodeSnapshot,
  foldSettings,
  parseCanonicalEntry,
  SettingsTable,
  SnapshotInvalid,
  type SettingsChange,
  type SettingsEntry,
} from '#settings';

const resource: CdnResource = {
  id: 'shop',
  account: 'acme',
  cname: 'shop.example.com',
  secondaryHostnames: ['*.shop.example.com'],
  origin: 'http://origin.example.com',
  integration: 'full',
  websockets: defaultWebsockets('full'),
};

function entry(id: string, hostnames: string[], position = 1n, enabled = true): SettingsEntry {
  const websockets = { enabled, openConnections: { mode: 'drain', seconds: 30 } as const, position };
  return { resource: id, position, hostnames, origin: 'http://127.0.0.1:1', websockets };
}

const anyEntry: fc.Arbitrary<SettingsEntry> = fc
  .record({
    id: fc.integer({ min: 0, max: 6 }),
    position: fc.bigInt(1n, 2n ** 64n - 1n),
    enabled: fc.boolean(),
  })
  .map(({ id, position, enabled }) =>
    entry(`r${id}`, [`r${id}.example`, `*.r${id}.example`], position, enabled),
  );
const anyChange: fc.Arbitrary<SettingsChange> = fc.oneof(
  anyEntry,
  anyEntry.map(({ resource: id, position }) => ({ resource: id, position, removed: true as const })),
);

describe('the fold from events to settings', () => {
  const events: CdnResourceEvent[] = [
    { type: 'CdnResourceCreated', data: resource },
    {
      type: 'WebsocketsDisabled',
      data: { enabled: false, source: 'explicit', openConnections: { mode: 'close' } },
    },
    { type: 'CdnResourceOriginChanged', data: { origin: 'https://new.example.com' } },
    { type: 'CdnResourceHostnamesChanged', data: { cname: 'new.example.com', secondaryHostnames: [] } },
    { type: 'CommandHadNoEffect', data: { command: 'SetWebsockets' } },
    { type: 'CdnResourceDeleted', data: {} },
  ];
  const folded = (count: number) =>
    events.slice(0, count).reduce<SettingsChange | undefined>((before, event, index) => {
      const current = before && 'removed' in before ? undefined : before;
      return (
        foldSettings(current, 'shop', {
          event,
          revision: index + 1,
          position: BigInt(index + 1),
          time: '',
        }) ?? before
      );
    }, undefined);

  it('gives an edge all it needs, with the position of the policy kept apart', () => {
    expect(folded(1)).toMatchObject({ hostnames: ['shop.example.com', '*.shop.example.com'], position: 1n });
    expect(folded(5)).toEqual({
      resource: 'shop',
      position: 4n,
      hostnames: ['new.example.com'],
      origin: 'https://new.example.com',
      websockets: { enabled: false, openConnections: { mode: 'close' }, position: 2n },
    });
    expect(folded(6)).toEqual({ resource: 'shop', position: 6n, removed: true });
  });
});

describe('canonical entries', () => {
  it('are read back as they were written', () => {
    fc.assert(
      fc.property(anyEntry, (one) => {
        expect(parseCanonicalEntry(canonicalEntry(one))).toEqual(one);
      }),
    );
  });
});

describe('the digest', () => {
  it('does not depend on the order, and forgets what was removed', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), fc.array(fc.string()), (kept, removed) => {
        const one = new Digest();
        for (const text of [...kept, ...removed]) one.add(text);
        for (const text of removed) one.remove(text);
        const other = new Digest();
        for (const text of kept.toReversed()) other.add(text);
        expect(one.toString()).toBe(other.toString());
      }),
    );
    expect(new Digest().toString()).toBe(EMPTY_DIGEST);
  });
});

describe('SettingsTable', () => {
  it('has the digest and the entries of a table made anew from what is left', () => {
    fc.assert(
      fc.property(fc.array(anyChange), (changes) => {
        const table = new SettingsTable();
        for (const change of changes) table.apply([change]);
        const fresh = new SettingsTable();
        fresh.apply([...table.entries()]);
        expect(table.digest).toBe(fresh.digest);
        for (const { hostnames, resource: id } of fresh.entries()) {
          for (const hostname of hostnames)
            expect(table.match(hostname.replace('*', 'x'))?.resource).toBe(id);
        }
      }),
    );
  });

  it('lets a hostname move between resources within one change, in any order', () => {
    for (const order of [0, 1]) {
      const table = new SettingsTable();
      table.apply([entry('a', ['x.example']), entry('b', ['y.example'])]);
      const swap = [entry('a', ['y.example'], 2n), entry('b', ['x.example'], 3n)];
      const changes = order === 0 ? swap : swap.toReversed();
      expect(table.conflict(changes)).toBeUndefined();
      table.apply(changes);
      expect(table.match('x.example')?.resource).toBe('b');
      expect(table.match('y.example')?.resource).toBe('a');
    }
  });

  it('finds the hostname that two resources would hold', () => {
    const table = new SettingsTable();
    table.apply([entry('a', ['x.example'])]);
    expect(table.conflict([entry('b', ['y.example', 'x.example'])])).toEqual({
      hostname: 'x.example',
      resources: ['a', 'b'],
    });
    expect(table.conflict([entry('b', ['z.example']), entry('c', ['z.example'])])?.hostname).toBe(
      'z.example',
    );
    expect(
      table.conflict([{ resource: 'a', position: 2n, removed: true }, entry('b', ['x.example'])]),
    ).toBeUndefined();
  });

  it('tells how each resource was before and is after', () => {
    const table = new SettingsTable();
    const one = entry('a', ['x.example']);
    const two = entry('a', ['x.example'], 2n, false);
    expect(table.apply([one])).toEqual([{ resource: 'a', before: undefined, after: one }]);
    expect(table.apply([two])).toEqual([{ resource: 'a', before: one, after: two }]);
    expect(table.apply([{ resource: 'a', position: 3n, removed: true }])).toEqual([
      { resource: 'a', before: two, after: undefined },
    ]);
    expect(table.size).toBe(0);
    expect(table.digest).toBe(EMPTY_DIGEST);
  });
});

describe('snapshots', () => {
  const table = new SettingsTable();
  table.apply([entry('a', ['x.example']), entry('b', ['*.y.example'], 5n, false)]);
  const bytes = encodeSnapshot('epoch-1', 7n, table);

  it('are read back as they were written', () => {
    const snapshot = decodeSnapshot(bytes);
    expect(snapshot).toMatchObject({ epoch: 'epoch-1', position: 7n });
    expect([...snapshot.table.entries()]).toEqual([...table.entries()]);
    expect(snapshot.table.digest).toBe(table.digest);
    expect(decodeSnapshot(encodeSnapshot('e', 0n, new SettingsTable())).table.size).toBe(0);
  });

  it('are refused when cut at any length', () => {
    for (let length = 0; length < bytes.length; length += 1) {
      expect(() => decodeSnapshot(bytes.subarray(0, length))).toThrow(SnapshotInvalid);
    }
  });

  it('are refused when a bit has flipped', () => {
    for (let index = 0; index < bytes.length; index += 1) {
      const flipped = Buffer.from(bytes);
      flipped[index]! ^= 1 << (index % 8);
      expect(() => decodeSnapshot(flipped)).toThrow(SnapshotInvalid);
    }
  });
});
