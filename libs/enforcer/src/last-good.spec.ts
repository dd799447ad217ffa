import { execFileSync } from 'node:child_process';
import { copyFile, cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { LastGood } from '#enforcer';
import { eventually } from '../../../test/support/condition.js';
import { Program } from '../../../test/support/program.js';
import { SettingsLog } from '../../../test/support/settings-log.js';

const SNAPSHOT = 'policy.snapshot';
const JOURNAL = 'policy.journal';

let root: string;
let folder: string;
let count = 0;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'upgate-last-good-'));
});
beforeEach(() => {
  folder = join(root, String((count += 1)));
});
afterAll(() => rm(root, { recursive: true }));

const snapshotPath = () => join(folder, SNAPSHOT);
const journalPath = () => join(folder, JOURNAL);

/** What a start finds, as a value to compare. */
async function start(where = folder) {
  const { lastGood, policy, findings } = await LastGood.open(where);
  await lastGood.close();
  return { at: policy && { position: policy.position, digest: policy.table.digest }, findings };
}

/** The bytes with one bit of every byte flipped in turn. */
function* flips(bytes: Buffer): Generator<{ flipped: Buffer; at: number }> {
  for (let at = 0; at < bytes.length; at += 1) {
    const flipped = Buffer.from(bytes);
    flipped[at]! ^= 1 << (at % 8);
    yield { flipped, at };
  }
}

/** A snapshot at position 2 and three changes after it; where the policy stood after each, and its journal's length. */
async function fill() {
  const log = new SettingsLog();
  log.set({ resource: 'a' }, { resource: 'b', hostnames: ['b.test', '*.b.test'], enabled: false });
  const { lastGood } = await LastGood.open(folder);
  await lastGood.saveWhole(log);
  const steps: { at: { position: bigint; digest: string }; length: number }[] = [];
  const note = async () =>
    steps.push({
      at: { position: log.position, digest: log.table.digest },
      length: (await stat(journalPath())).size,
    });
  await note();
  for (const change of [
    () => log.set({ resource: 'a', enabled: false, openConnections: { mode: 'drain', seconds: 7 } }),
    () => log.remove('b'),
    () => log.set({ resource: 'c' }, { resource: 'a', origin: 'https://other.test' }),
  ]) {
    await lastGood.saveChange(change(), log);
    await note();
  }
  await lastGood.close();
  return { log, steps };
}

describe('the last good policy', () => {
  it('is found again as it was saved, change by change', async () => {
    const { log, steps } = await fill();
    const { policy, findings, lastGood } = await LastGood.open(folder);
    await lastGood.close();
    expect(findings).toEqual([]);
    expect(policy).toMatchObject({ epoch: log.epoch, position: 6n });
    expect([...policy!.table.entries()]).toEqual(expect.arrayContaining([...log.table.entries()]));
    expect(policy!.table.digest).toBe(log.table.digest);
    expect(steps.map(({ at }) => at.position)).toEqual([2n, 3n, 4n, 6n]);
  });

  it('tells a first start from one whose files cannot be used', async () => {
    expect(await start()).toEqual({ at: undefined, findings: [] });
    await mkdir(snapshotPath(), { recursive: true });
    const { at, findings } = await start();
    expect(at).toBeUndefined();
    expect(findings).toEqual([expect.stringMatching(/policy\.snapshot cannot be used: EISDIR.*kept aside/)]);
    expect(await readdir(folder)).toEqual(['policy.snapshot.bad']);
  });

  it('survives a cut at any byte of the journal with all that was whole before it', async () => {
    const { steps } = await fill();
    const journal = await readFile(journalPath());
    const snapshot = await readFile(snapshotPath());
    for (let length = 0; length < journal.length; length += 1) {
      await writeFile(snapshotPath(), snapshot);
      await writeFile(journalPath(), journal.subarray(0, length));
      const whole = steps.findLast((step) => step.length <= length)!;
      const found = await start();
      expect(found.at).toEqual(whole.at);
      expect(found.findings.join()).toContain(whole.length === length ? '' : `at byte ${whole.length}`);
      expect(found.findings).toHaveLength(whole.length === length ? 0 : 1);
      expect(await start()).toEqual({ at: whole.at, findings: [] });
    }
  });

  it('survives any flipped bit of the journal with all that was whole before it', async () => {
    const { steps } = await fill();
    const journal = await readFile(journalPath());
    const snapshot = await readFile(snapshotPath());
    for (const { flipped, at } of flips(journal)) {
      await writeFile(snapshotPath(), snapshot);
      await writeFile(journalPath(), flipped);
      const whole = steps.findLast((step) => step.length <= at)!;
      const findings = [expect.stringContaining(`at byte ${whole.length}`)];
      expect(await start()).toEqual({ at: whole.at, findings });
    }
  });

  it('never takes a snapshot that is cut or has a flipped bit, and keeps it aside', async () => {
    await fill();
    const snapshot = await readFile(snapshotPath());
    const bad: Buffer[] = Array.from({ length: snapshot.length }, (_, length) =>
      snapshot.subarray(0, length),
    );
    bad.push(...Array.from(flips(snapshot), ({ flipped }) => flipped));
    for (const bytes of bad) {
      await writeFile(snapshotPath(), bytes);
      const { at, findings } = await start();
      expect(at).toBeUndefined();
      expect(findings[0]).toContain('policy.snapshot cannot be used: ');
      expect(await readFile(`${snapshotPath()}.bad`)).toEqual(bytes);
    }
  });

  it('goes on saving after each kind of damage', async () => {
    for (const damaged of [snapshotPath, journalPath]) {
      const { log } = await fill();
      await writeFile(damaged(), 'upgate-settings/0, or whatever an older program wrote');
      const { lastGood } = await LastGood.open(folder);
      await lastGood.saveChange(log.set({ resource: 'd' }), log);
      await lastGood.saveChange(log.set({ resource: 'e' }), log);
      await lastGood.close();
      expect(await start()).toEqual({
        at: { position: log.position, digest: log.table.digest },
        findings: [],
      });
      await rm(folder, { recursive: true });
    }
  });

  it('refuses a journal that another snapshot was the base of', async () => {
    const { log } = await fill();
    const journal = await readFile(journalPath());
    const { lastGood } = await LastGood.open(folder);
    const older = new SettingsLog(log.epoch);
    older.set({ resource: 'a' });
    await lastGood.saveWhole(older);
    await lastGood.close();
    await writeFile(journalPath(), journal);
    expect(await start()).toMatchObject({
      at: { position: 1n },
      findings: [expect.stringContaining('follows position 2, but the one before it ends at 1')],
    });
  });

  it('stops at a record that does not give the digest it names', async () => {
    const { log, steps } = await fill();
    const { lastGood } = await LastGood.open(folder);
    await lastGood.saveChange({ ...log.set({ resource: 'd' }), digest: steps[0]!.at.digest }, log);
    await lastGood.close();
    expect(await start()).toMatchObject({
      at: steps.at(-1)!.at,
      findings: [expect.stringContaining('does not give the digest it names')],
    });
  });

  it('starts where there can be no folder, and says so when it comes to saving', async () => {
    await writeFile(folder, 'a file');
    const { lastGood, policy, findings } = await LastGood.open(folder);
    expect(policy).toBeUndefined();
    expect(findings).toHaveLength(2);
    await expect(lastGood.saveWhole(new SettingsLog())).rejects.toThrow(/EEXIST|ENOTDIR/);
  });

  it('says soon that no folder can be made, and goes on', async () => {
    const { lastGood } = await LastGood.open('/proc/none/edge');
    await expect(lastGood.saveWhole(new SettingsLog())).rejects.toThrow('/proc/none');
  });
});

describe('a new snapshot in the place of an outgrown journal', () => {
  /** Changes that go to the journal until it gives way to a snapshot; the journal as it was just before. */
  async function outgrow() {
    const log = new SettingsLog();
    const { lastGood } = await LastGood.open(folder);
    await lastGood.saveWhole(log);
    const before = join(root, `journal-${count}`);
    let size = 0;
    for (;;) {
      await copyFile(journalPath(), before);
      const drafts = Array.from({ length: 500 }, (_, index) => ({ resource: `r${index}` }));
      await lastGood.saveChange(log.set(...drafts), log);
      const now = (await stat(journalPath())).size;
      if (now < size) break;
      size = now;
    }
    await lastGood.close();
    return { before, expected: { at: { position: log.position, digest: log.table.digest }, findings: [] } };
  }

  it('holds all', async () => {
    const { expected } = await outgrow();
    expect((await stat(journalPath())).size).toBe(0);
    expect(await start()).toEqual(expected);
  });

  it('counts, when the process died before it cut the journal', async () => {
    const { before, expected } = await outgrow();
    await copyFile(before, journalPath());
    expect(await start()).toEqual(expected);
  });

  it('does not count before it is whole', async () => {
    const { log } = await fill();
    await writeFile(`${snapshotPath()}.tmp`, (await log.snapshot()).subarray(0, 40));
    expect(await start()).toMatchObject({ at: { position: log.position }, findings: [] });
  });

  it('leaves behind a journal of another log without harm', async () => {
    await fill();
    const journal = await readFile(journalPath());
    const { lastGood } = await LastGood.open(folder);
    const other = new SettingsLog('epoch-2');
    other.set({ resource: 'z' });
    await lastGood.saveWhole(other);
    await lastGood.close();
    await writeFile(journalPath(), journal);
    expect(await start()).toEqual({ at: { position: 1n, digest: other.table.digest }, findings: [] });
  });
});

describe('a process killed while it saves', () => {
  it('forgets nothing that was saved', { timeout: 60_000 }, async () => {
    for (const enough of [1, 20, 60, 150]) {
      const writer = new Program('test/support/last-good-writer.js', { FOLDER: folder });
      try {
        await eventually('changes to be saved', () => {
          if (!writer.running) throw new Error(writer.said);
          return writer.lines.length >= enough;
        });
      } finally {
        await writer.kill();
      }
      const { at } = await start();
      expect(at!.position).toBeGreaterThanOrEqual(BigInt(writer.lines.length - 1));
      await rm(folder, { recursive: true });
    }
  });
});

const canMount = process.platform === 'linux' && process.getuid?.() === 0;

describe.skipIf(!canMount)('a full disk (needs root, to mount a small tmpfs)', () => {
  const filler = () => join(folder, 'filler');

  beforeEach(async () => {
    await mkdir(folder);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder]);
    return () => execFileSync('umount', [folder]);
  });

  it('loses what could not be saved and nothing before it, and takes the whole policy when there is room', async () => {
    const { log } = await fill();
    const saved = { position: log.position, digest: log.table.digest };
    const { lastGood } = await LastGood.open(folder);
    await expect(writeFile(filler(), Buffer.alloc(2 ** 17))).rejects.toThrow('ENOSPC');
    const drafts = Array.from({ length: 200 }, (_, index) => ({ resource: `long-name-${index}` }));
    await expect(lastGood.saveChange(log.set(...drafts), log)).rejects.toThrow('ENOSPC');
    await expect(lastGood.saveChange(log.set({ resource: 'a' }), log)).rejects.toThrow('ENOSPC');
    const copy = join(root, 'after-a-crash');
    await cp(folder, copy, { recursive: true, filter: (path) => path !== filler() });
    expect((await start(copy)).at).toEqual(saved);

    await rm(filler());
    await lastGood.saveChange(log.set({ resource: 'b' }), log);
    await lastGood.close();
    expect(await start()).toEqual({
      at: { position: log.position, digest: log.table.digest },
      findings: [],
    });
  });
});
