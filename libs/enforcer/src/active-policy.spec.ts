import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ActivePolicy, LastGood, type Enforcer } from '#enforcer';
import { encodeSnapshot, isRemoval, SettingsTable, type TableDiff } from '#settings';
import { eventually } from '../../../test/support/condition.js';
import { SettingsLog } from '../../../test/support/settings-log.js';

/** Notes what it is told to enforce; refuses what touches a resource named `trouble`. */
class NotingEnforcer implements Enforcer {
  readonly name = 'noting';
  table = new SettingsTable();
  applied: (readonly TableDiff[])[] = [];
  replaced = 0;

  apply(diffs: readonly TableDiff[], table: SettingsTable): Promise<void> {
    this.table = table;
    this.applied.push(diffs);
    return diffs.some(({ change }) => change.resource === 'trouble' && !isRemoval(change))
      ? Promise.reject(new Error('the proxy does not take it'))
      : Promise.resolve();
  }

  replace(_before: SettingsTable, table: SettingsTable): Promise<void> {
    this.table = table;
    this.replaced += 1;
    return table.get('trouble') ? Promise.reject(new Error('the proxy does not take it')) : Promise.resolve();
  }

  connections(): number {
    return 0;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

let folder: string;
let enforcer: NotingEnforcer;
let policy: ActivePolicy;
let log: SettingsLog;

async function open(): Promise<void> {
  enforcer = new NotingEnforcer();
  const { lastGood, policy: saved } = await LastGood.open(folder);
  policy = new ActivePolicy({ enforcer, lastGood, logger: pino({ level: 'silent' }), saveRetryMs: 20 });
  if (saved) await policy.restore(saved);
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'upgate-active-policy-'));
  log = new SettingsLog();
  await open();
});
afterEach(async () => {
  await policy.close();
  await rm(folder, { recursive: true });
});

/** Does what must change nothing: not what is enforced, nor where the node says that it stands, nor what it restarts with. */
async function expectNothingChanged(work: () => Promise<unknown>): Promise<void> {
  const before = policy.at();
  await work();
  expect(policy.at()).toEqual(before);
  expect(enforcer.table.digest).toBe(before.digest);
  const { lastGood, policy: saved } = await LastGood.open(folder);
  await lastGood.close();
  expect(saved?.position ?? 0n).toBe(before.position);
}

describe('the transaction of a change', () => {
  it('is enforced, saved and acknowledged', async () => {
    expect(await policy.applyChange(log.set({ resource: 'a' }, { resource: 'b' }))).toBe('applied');
    expect(await policy.applyChange(log.remove('a'))).toBe('applied');
    expect(policy.at()).toEqual(log.at());
    expect(enforcer.table.digest).toBe(log.table.digest);
    await policy.close();
    await open();
    expect(policy.at()).toEqual(log.at());
    expect(enforcer.table.match('b.test')?.resource).toBe('b');
  });

  it('skips what it has, however the messages were cut', async () => {
    const messages = [1, 2, 3, 4].map((number) => log.set({ resource: 'a', enabled: number % 2 === 0 }));
    const coalesced = { ...messages[3]!, previous: 1n, changes: [messages[3]!.changes[0]!] };
    await policy.applyChange(messages[0]!);
    await policy.applyChange(messages[1]!);
    expect(await policy.applyChange(messages[0]!)).toBe('applied');
    expect(policy.at().position).toBe(2n);
    expect(await policy.applyChange(coalesced)).toBe('applied');
    expect(policy.at()).toEqual(log.at());
    expect(enforcer.applied).toHaveLength(3);
  });

  it('runs one at a time, in the order given', async () => {
    const messages = Array.from({ length: 50 }, (_, index) => log.set({ resource: `r${index % 7}` }));
    const outcomes = await Promise.all(messages.map((message) => policy.applyChange(message)));
    expect(new Set(outcomes)).toEqual(new Set(['applied']));
    expect(policy.at()).toEqual(log.at());
  });

  it('refuses a gap and another log', async () => {
    await policy.applyChange(log.set({ resource: 'a' }));
    log.set({ resource: 'missed' });
    const late = log.set({ resource: 'b' });
    await expectNothingChanged(async () => {
      expect(await policy.applyChange(late)).toEqual({
        refused: 'the change follows position 2, this node is at 1',
      });
      expect(await policy.applyChange({ ...late, epoch: 'other', previous: 1n })).toEqual({
        refused: 'the change is of log other, this node follows epoch-1',
      });
    });
  });

  it('is not applied when it does not give the digest it names', async () => {
    await policy.applyChange(log.set({ resource: 'a' }, { resource: 'b' }));
    const { digest } = log.table;
    const change = log.set({ resource: 'a', hostnames: ['x.test'] }, { resource: 'c' });
    await expectNothingChanged(async () => {
      expect(await policy.applyChange({ ...change, digest })).toBe('drifted');
    });
    expect(enforcer.table.match('a.test')?.resource).toBe('a');
    expect(enforcer.table.match('x.test')).toBeUndefined();
    expect(await policy.applyChange(change)).toBe('applied');
  });

  it('is taken back when the enforcer fails', async () => {
    await policy.applyChange(log.set({ resource: 'a' }));
    const change = log.set({ resource: 'a', enabled: false }, { resource: 'trouble' });
    await expectNothingChanged(async () => {
      expect(await policy.applyChange(change)).toEqual({ refused: 'the proxy does not take it' });
    });
    const [tried, takenBack] = enforcer.applied.slice(-2);
    expect(takenBack).toEqual([
      { before: tried![0]!.change, change: tried![0]!.before },
      { before: tried![1]!.change, change: { resource: 'trouble', position: 0n, removed: true } },
    ]);
  });

  const wrong = [
    [{ resource: 'x', hostnames: [] }, 'resource x: 0 hostnames, 1 to 1000 are allowed'],
    [{ resource: 'x', hostnames: Array.from({ length: 1001 }, (_, n) => `h${n}.test`) }, '1001 hostnames'],
    [{ resource: 'x', hostnames: ['X.test'] }, '"X.test" is not a hostname in canonical form'],
    [{ resource: 'x', hostnames: ['x.*.test'] }, 'is not a hostname in canonical form'],
    [{ resource: 'x', origin: 'ftp://x.test' }, '"ftp://x.test" is not an origin'],
    [{ resource: 'x', origin: 'http://x.test/path' }, 'is not an origin'],
    [{ resource: 'x', origin: `http://${'x.'.repeat(2000)}test` }, 'is not an origin'],
    [{ resource: 'x y' }, '"x y" is not a resource id'],
    [{ resource: 'x'.repeat(129) }, 'is not a resource id'],
    [
      { resource: 'x', openConnections: { mode: 'drain' as const, seconds: 1e9 } },
      'a drain over 1000000000 s',
    ],
    [
      { resource: 'x', openConnections: { mode: 'drain' as const, seconds: 0.5 } },
      'a drain over 0.5 seconds',
    ],
    [{ resource: 'x', hostnames: ['a.test'] }, 'hostname a.test belongs to both a and x'],
  ] as const;

  it.each(wrong)('refuses %o', async (draft, reason) => {
    await policy.applyChange(log.set({ resource: 'a' }));
    const change = log.set({ resource: 'fine' }, draft);
    const snapshot = await log.snapshot();
    await expectNothingChanged(async () => {
      expect(await policy.applyChange(change)).toEqual({
        refused: expect.stringContaining(reason) as string,
      });
      expect(await policy.applySnapshot(snapshot)).toEqual({
        refused: expect.stringContaining(reason) as string,
      });
    });
  });

  it('refuses a resource that is in it twice', async () => {
    const change = log.set({ resource: 'a' }, { resource: 'a', enabled: false });
    expect(await policy.applyChange(change)).toEqual({ refused: 'resource a is in it twice' });
  });
});

describe('the transaction of a snapshot', () => {
  it('gives the enforcer the whole table, in one step', async () => {
    await policy.applyChange(log.set({ resource: 'a' }, { resource: 'b' }, { resource: 'c' }));
    log.set({ resource: 'b', enabled: false }, { resource: 'd' });
    log.remove('c');
    expect(await policy.applySnapshot(await log.snapshot())).toBe('applied');
    expect(enforcer.replaced).toBe(1);
    expect(enforcer.applied).toHaveLength(1);
    expect(enforcer.table.digest).toBe(log.table.digest);
    expect(policy.at()).toEqual(log.at());
  });

  it('never goes back within a log, and takes another log at any position', async () => {
    log.set({ resource: 'a' });
    const old = await log.snapshot();
    await policy.applyChange(log.set({ resource: 'b' }));
    await policy.applySnapshot(await log.snapshot());
    await expectNothingChanged(async () => {
      expect(await policy.applySnapshot(old)).toEqual({
        refused: 'the snapshot is of position 1, this node is at 2',
      });
    });
    const other = new SettingsLog('epoch-2');
    other.set({ resource: 'z' });
    expect(await policy.applySnapshot(await other.snapshot())).toBe('applied');
    expect(policy.at()).toEqual(other.at());
    expect(await policy.applyChange(other.set({ resource: 'y' }))).toBe('applied');
    await policy.close();
    await open();
    expect(policy.at()).toEqual(other.at());
  });

  it('sets right a table that has drifted at the same position', async () => {
    await policy.applyChange(log.set({ resource: 'a' }));
    const right = new SettingsLog();
    right.set({ resource: 'a', enabled: false });
    expect(await policy.applySnapshot(await right.snapshot())).toBe('applied');
    expect(policy.at()).toEqual(right.at());
  });

  it('is refused when it is damaged, or the enforcer fails', async () => {
    await policy.applyChange(log.set({ resource: 'a' }));
    const whole = await log.snapshot();
    const later = await encodeSnapshot('epoch-1', 9n, log.table);
    await expectNothingChanged(async () => {
      for (const bytes of [whole.subarray(1), Buffer.alloc(0), later.subarray(0, -1)]) {
        expect(await policy.applySnapshot(bytes)).toEqual({
          refused: expect.stringContaining('the snapshot cannot be read: ') as string,
        });
      }
      log.set({ resource: 'trouble' });
      expect(await policy.applySnapshot(await log.snapshot())).toEqual({
        refused: 'the proxy does not take it',
      });
    });
  });
});

const canMount = process.platform === 'linux' && process.getuid?.() === 0;

describe.skipIf(!canMount)('a node whose disk is full (needs root, to mount a small tmpfs)', () => {
  it('obeys, says what it could not save, and saves it when there is room', async () => {
    await policy.close();
    const disk = join(folder, 'disk');
    await mkdir(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', disk]);
    const parent = folder;
    folder = disk;
    try {
      await open();
      await policy.applyChange(log.set({ resource: 'a' }));
      await expect(writeFile(join(disk, 'filler'), Buffer.alloc(2 ** 17))).rejects.toThrow('ENOSPC');
      const drafts = Array.from({ length: 200 }, (_, index) => ({ resource: `long-name-${index}` }));
      expect(await policy.applyChange(log.set(...drafts))).toBe('applied');
      expect(policy.saveError).toMatch(/^last good policy not saved: ENOSPC/);
      expect(await policy.applyChange(log.set({ resource: 'a', enabled: false }))).toBe('applied');
      expect(enforcer.table.digest).toBe(log.table.digest);
      await eventually('another try', () => policy.saveFailures > 1);

      await rm(join(disk, 'filler'));
      await eventually('the policy to be saved', () => policy.saveError === undefined);
      await policy.close();
      await open();
      expect(policy.at()).toEqual(log.at());
    } finally {
      await policy.close();
      execFileSync('umount', [disk]);
      folder = parent;
    }
  });
});
