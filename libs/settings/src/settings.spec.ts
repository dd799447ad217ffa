import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { defaultWebsockets, type CdnResource, type CdnResourceEvent } from '#domain';
import {
  decodeEntries,
  decodeEntry,
  decodeSnapshot,
  EMPTY_DIGEST,
  encodeEntry,
  encodeSnapshot,
  foldSettings,
  SettingsTable,
  SnapshotInvalid,
  type SettingsChange,
  type SettingsEntry,
  type TableDiff,
} from '#settings';
import { HASH, hash128 } from './murmur3.js';

const resource: CdnResource = {
  id: 'shop',
  account: 'acme',
  cname: 'shop.example.com',
  secondaryHostnames: ['*.shop.example.com'],
  origin: 'http://origin.example.com',
  integration: 'full',
  websockets: defaultWebsockets('full'),
};

/** With what lies in memory as an object. */
function inFull({ before, change }: TableDiff): TableDiff {
  if (!before) return { before, change };
  const { resource: id, position, hostnames, origin, websockets } = before;
  return { before: { resource: id, position, hostnames, origin, websockets }, change };
}

function entry(id: string, hostnames: string[], position = 1n, enabled = true): SettingsEntry {
  const websockets = { enabled, openConnections: { mode: 'drain', seconds: 30 } as const, position };
  return { resource: id, position, hostnames, origin: 'http://127.0.0.1:1', websockets };
}

const anyEntry: fc.Arbitrary<SettingsEntry> = fc
  .record({
    id: fc.integer({ min: 0, max: 6 }),
    position: fc.bigInt(1n, 2n ** 64n - 1n),
    enabled: fc.boolean(),
    more: fc.integer({ min: 0, max: 40 }),
  })
  .map(({ id, position, enabled, more }) => {
    const others = Array.from({ length: more }, (_, index) => `${index}.${'long'.repeat(10)}.r${id}.example`);
    return entry(`r${id}`, [`r${id}.example`, `*.r${id}.example`, ...others], position, enabled);
  });
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
    expect(folded(6)).toEqual({
      resource: 'shop',
      position: 6n,
      removed: true,
      websockets: { openConnections: { mode: 'close' }, position: 2n },
    });
  });
});

describe('records of entries', () => {
  it('are read back as they were written, one after the other', () => {
    fc.assert(
      fc.property(fc.array(anyEntry), (entries) => {
        expect(decodeEntries(Buffer.concat(entries.map(encodeEntry)))).toEqual(entries);
      }),
    );
  });

  it('hold any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.array(fc.string({ unit: 'grapheme' })), (id, names) => {
        const one = entry(id, names);
        expect(decodeEntry(encodeEntry(one))).toEqual(one);
        const table = new SettingsTable();
        table.apply([one]);
        expect(table.get(id)).toEqual(one);
        for (const name of names) expect(table.match(name)?.plain).toEqual(one);
      }),
    );
  });

  it('are refused when they are cut, or are more than one', () => {
    const bytes = encodeEntry(entry('a', ['x.example', 'y.example']));
    for (let length = 0; length < bytes.length; length += 1)
      expect(() => decodeEntry(bytes.subarray(0, length))).toThrow(RangeError);
    expect(() => decodeEntry(Buffer.concat([bytes, bytes]))).toThrow('not exactly one');
  });

  it('cannot hold more than their lengths can say', () => {
    expect(() => encodeEntry(entry('a', ['x'.repeat(65_536)]))).toThrow(RangeError);
    expect(() => encodeEntry(entry('a', Array<string>(65_536).fill('x')))).toThrow(RangeError);
  });
});

describe('the hash of a record', () => {
  /** As the reference implementation gives them. */
  it.each([
    ['', '00000000000000000000000000000000'],
    ['0123456789abcdef', 'fb7d440936aed30a48ad1d9b572b3bfd'],
    ['The quick brown fox jumps over the lazy dog 1234', '7239b94f8be4def212a50ff9ee4bbfef'],
  ])('of %j is that of MurmurHash3', (text, expected) => {
    const bytes = new TextEncoder().encode(text);
    hash128(new DataView(bytes.buffer), 0, bytes.length);
    expect(Array.from(HASH, (lane) => lane.toString(16).padStart(8, '0')).join('')).toBe(expected);
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

  it(
    'does what a plain map does, and never shows a snapshot what came after it',
    { timeout: 60_000 },
    async () => {
      const run = fc.array(fc.array(anyChange, { maxLength: 4 }), { maxLength: 60 });
      await fc.assert(
        fc.asyncProperty(run, fc.array(anyChange), async (steps, later) => {
          const model = new Map<string, SettingsEntry>();
          const table = new SettingsTable();
          for (const step of steps) {
            const changes = [...new Map(step.map((change) => [change.resource, change])).values()];
            const known = changes.filter((change) => model.has(change.resource));
            const diffs = table.apply(changes).filter(({ before }) => before);
            expect(diffs.map(inFull)).toEqual(
              known.map((change) => ({
                before: model.get(change.resource),
                change,
              })),
            );
            for (const change of changes) {
              if ('removed' in change) model.delete(change.resource);
              else model.set(change.resource, change);
            }
          }
          expect(byId(table)).toEqual(model);
          expect(table.size).toBe(model.size);
          const { digest } = table;
          const encoding = encodeSnapshot('e', 1n, table);
          for (const change of later) table.apply([change]);
          const snapshot = await decodeSnapshot(await encoding);
          expect(byId(snapshot.table)).toEqual(model);
          expect(snapshot.table.digest).toBe(digest);
        }),
      );
    },
  );

  it.each([
    ['of many resources in turn', 20_000, (change: number) => change % 2_000, []],
    ['of one resource beside others', 20_000, (change: number) => (change % 500 === 0 ? change : 0), []],
    [
      'of one resource that is large',
      100,
      () => 0,
      Array.from({ length: 900 }, (_, n) => `${n}.${'x'.repeat(200)}`),
    ],
  ])('gives back the memory of what is gone: changes %s', (_what, changes, resourceOf, others) => {
    const table = new SettingsTable();
    const latest = new Map<string, number>();
    for (let change = 1; change <= changes; change += 1) {
      const id = `r${resourceOf(change)}`;
      table.apply([entry(id, [`${id}.example`, ...others], BigInt(change))]);
      latest.set(id, change);
    }
    const live = [...table.entries()].reduce((sum, one) => sum + encodeEntry(one).length, 0);
    expect(table.bytes).toBeLessThan(2.2 * live + 2 ** 19);
    for (const [id, change] of latest)
      expect(table.match(`${id}.example`)).toMatchObject({ resource: id, position: BigInt(change) });
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

  it('finds a hostname that an entry of the same change goes on holding', () => {
    const table = new SettingsTable();
    table.apply([entry('a', ['x.example', 'y.example'])]);
    const revised = entry('a', ['x.example', 'y.example'], 2n, false);
    const taker = entry('b', ['y.example'], 2n);
    const conflict = { hostname: 'y.example', resources: ['a', 'b'] };
    expect(table.conflict([revised, taker])).toEqual(conflict);
    expect(table.conflict([taker, revised])).toEqual(conflict);
    expect(table.conflict([revised])).toBeUndefined();
  });

  it('tells how each resource was before and is after', () => {
    const table = new SettingsTable();
    const one = entry('a', ['x.example']);
    const two = entry('a', ['x.example'], 2n, false);
    const gone = { resource: 'a', position: 3n, removed: true } as const;
    expect(table.apply([one]).map(inFull)).toEqual([{ before: undefined, change: one }]);
    expect(table.apply([two]).map(inFull)).toEqual([{ before: one, change: two }]);
    expect(table.apply([gone]).map(inFull)).toEqual([{ before: two, change: gone }]);
    expect(table.apply([gone])).toEqual([]);
    expect(table.size).toBe(0);
    expect(table.digest).toBe(EMPTY_DIGEST);
  });
});

describe('snapshots', () => {
  const table = new SettingsTable();
  table.apply([entry('a', ['x.example']), entry('b', ['*.y.example'], 5n, false)]);
  let bytes: Buffer;
  beforeAll(async () => {
    bytes = await encodeSnapshot('epoch-1', 7n, table);
  });

  it('are read back as they were written', async () => {
    const snapshot = await decodeSnapshot(bytes);
    expect(snapshot).toMatchObject({ epoch: 'epoch-1', position: 7n });
    expect([...snapshot.table.entries()]).toEqual([...table.entries()]);
    expect(snapshot.table.digest).toBe(table.digest);
    const empty = await decodeSnapshot(await encodeSnapshot('e', 0n, new SettingsTable()));
    expect(empty.table.size).toBe(0);
  });

  it('are read back when they are larger than what is worked on at a time', async () => {
    const large = new SettingsTable();
    large.apply(Array.from({ length: 20_000 }, (_, index) => entry(`r${index}`, [`${index}.example`])));
    const snapshot = await decodeSnapshot(await encodeSnapshot('e', 1n, large));
    expect(snapshot.table.digest).toBe(large.digest);
    expect(snapshot.table.match('19999.example')?.resource).toBe('r19999');
  });

  it.each([1, 5, 25, 100, 1_000])(
    'are read back wherever they are cut, with %i hostnames each',
    async (count) => {
      for (let resources = Math.ceil(12_000 / count), end = resources + 12; resources < end; resources += 1) {
        const large = new SettingsTable();
        const hostnames = (id: string) =>
          Array.from({ length: count }, (_, index) => `${index}.${'long'.repeat(10)}.${id}.example`);
        for (let id = 0; id < resources; id += 1) large.apply([entry(`r${id}`, hostnames(`r${id}`))]);
        const snapshot = await decodeSnapshot(await encodeSnapshot('e', 1n, large));
        expect(snapshot.table.digest).toBe(large.digest);
      }
    },
  );

  it('are refused when cut at any length', async () => {
    for (let length = 0; length < bytes.length; length += 1)
      await expect(decodeSnapshot(bytes.subarray(0, length))).rejects.toThrow(SnapshotInvalid);
  });

  it('are refused when a bit has flipped', async () => {
    for (let index = 0; index < bytes.length; index += 1) {
      const flipped = Buffer.from(bytes);
      flipped[index]! ^= 1 << (index % 8);
      await expect(decodeSnapshot(flipped)).rejects.toThrow(SnapshotInvalid);
    }
  });

  it('are refused when two resources hold a hostname', async () => {
    const wrong = new SettingsTable();
    wrong.apply([entry('a', ['x.example']), entry('b', ['x.example'])]);
    await expect(decodeSnapshot(await encodeSnapshot('e', 1n, wrong))).rejects.toThrow(
      'hostname x.example belongs to both a and b',
    );
  });
});

function byId(table: SettingsTable): Map<string, SettingsEntry> {
  return new Map(Array.from(table.entries(), (one) => [one.resource, one]));
}
