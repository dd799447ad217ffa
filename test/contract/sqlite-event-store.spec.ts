import { spawn, spawnSync, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import {
  cp,
  mkdtemp,
  mkdir,
  open,
  readdir,
  readFile,
  rm,
  stat,
  truncate,
  unlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  SqliteEventStore,
  StoreCorrupt,
  StoreUnavailable,
  type Commit,
  type RecordedEvent,
} from '#event-store';
import { eventually } from '../support/condition.js';
import { newEvent } from '../support/events.js';

const ROOT = join(import.meta.dirname, '../..');

describe('the SQLite event store', () => {
  let folder: string;
  let file: string;
  const cleanUp: (() => unknown)[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'upgate-sqlite-'));
    file = join(folder, 'events.sqlite');
    cleanUp.push(() => rm(folder, { recursive: true }));
  });
  afterEach(async () => {
    for (const undo of cleanUp.splice(0).toReversed()) await undo();
  });

  async function openStore(path = file, onCommit?: (commit: Commit) => void): Promise<SqliteEventStore> {
    const store = await SqliteEventStore.open({ file: path, ...(onCommit && { onCommit }) });
    cleanUp.push(() => store.close());
    return store;
  }

  async function read(store: SqliteEventStore): Promise<RecordedEvent[]> {
    const events: RecordedEvent[] = [];
    for await (const event of store.readAll()) events.push(event);
    return events;
  }

  const fill = async (store: SqliteEventStore, count: number) => {
    for (let index = 0; index < count; index += 1) await store.append(`s-${index}`, 'none', [newEvent()]);
  };

  it('writes appends that arrive together in few transactions', async () => {
    const commits: Commit[] = [];
    const store = await openStore(file, (commit) => commits.push(commit));
    await Promise.all(
      Array.from({ length: 500 }, (_, index) => store.append(`s-${index}`, 'none', [newEvent()])),
    );
    expect(commits.reduce((sum, { events }) => sum + events, 0)).toBe(500);
    expect(commits.length).toBeLessThan(100);
  });

  it('is made once by several who open it at the same time', async () => {
    const stores = await Promise.all(Array.from({ length: 4 }, () => openStore(join(folder, 'new', 'log'))));
    expect(new Set(await Promise.all(stores.map((store) => store.epoch()))).size).toBe(1);
    await Promise.all(stores.map((store, index) => store.append(`s-${index}`, 'none', [newEvent()])));
    for (const store of stores) expect(await read(store)).toHaveLength(4);
    expect((await readdir(join(folder, 'new'))).filter((name) => name.endsWith('.new'))).toEqual([]);
  });

  it('tells how far it has got with verifying a long log', async () => {
    const store = await openStore();
    for (let index = 0; index < 3; index += 1) {
      await store.append(
        `s-${index}`,
        'none',
        Array.from({ length: 40_000 }, () => newEvent()),
      );
    }
    await cleanUp.pop()!();
    const logged: [object, string][] = [];
    const logger = { info: (fields: object, message: string) => logged.push([fields, message]) };
    const again = await SqliteEventStore.open({ file, logger });
    cleanUp.push(() => again.close());
    expect(logged).toEqual([[{ file, verified: 100_000n, of: 120_000n }, 'verifying the event log']]);
  });

  it('does what was called before it was closed, and refuses what is called after', async () => {
    const store = await openStore();
    const appending = Promise.all(
      Array.from({ length: 50 }, (_, index) => store.append(`s-${index}`, 'none', [newEvent()])),
    );
    await store.close();
    expect(await appending).toHaveLength(50);
    await expect(store.append('s', 'any', [newEvent()])).rejects.toThrow(StoreUnavailable);
    await expect(store.head()).rejects.toThrow(StoreUnavailable);
  });

  it('refuses an event without data, and spoils no append beside it', async () => {
    const store = await openStore();
    const [bad, good] = await Promise.allSettled([
      store.append('s-1', 'none', [{ ...newEvent(), data: undefined }]),
      store.append('s-2', 'none', [newEvent()]),
    ]);
    expect(bad).toMatchObject({ status: 'rejected', reason: { message: 'the event Happened has no data' } });
    expect(good.status).toBe('fulfilled');
  });

  describe('with another process on the same file', () => {
    let said: string[];

    async function otherProcess(): Promise<ChildProcessWithoutNullStreams> {
      const child = spawn(process.execPath, [join(ROOT, 'dist/test/support/appender.js'), file]);
      cleanUp.push(() => child.kill('SIGKILL'));
      said = [];
      child.stdin.on('error', () => undefined);
      createInterface({ input: child.stdout }).on('line', (line) => said.push(line));
      await eventually('the other process to have the log open', () => said.includes('open'));
      return child;
    }

    it('obeys expected revisions of both, and hears of events live', async () => {
      const store = await openStore();
      const other = await otherProcess();
      const stop = new AbortController();
      const heard: string[] = [];
      const listening = (async () => {
        for await (const items of store.subscribe({ after: 0n, signal: stop.signal })) {
          for (const item of items)
            if (item.kind === 'event') heard.push(`${item.event.stream} ${item.event.type}`);
        }
      })();
      await store.append('shared', 'none', [newEvent()]);
      other.stdin.write('shared none\nshared 1\n');
      await eventually('both answers', () => said.filter((line) => line.includes('shared')).length === 2);
      expect(said).toContain('refused shared WrongRevision');
      await expect(store.append('shared', 1, [newEvent()])).rejects.toMatchObject({ actual: 2 });
      await eventually('the other process to be heard', () => heard.includes('shared FromAnotherProcess'));
      stop.abort();
      await listening;
      expect(heard).toEqual(['shared Happened', 'shared FromAnotherProcess']);
    });

    it('loses nothing that was acknowledged when that is killed', async () => {
      const other = await otherProcess();
      const ended = once(other, 'exit');
      for (let index = 0; index < 5_000; index += 1) other.stdin.write(`s-${index} none\n`);
      await eventually('some acknowledged', () => said.length > 50);
      other.kill('SIGKILL');
      await ended;
      const acknowledged = said.flatMap((line) => /^appended (\S+) /.exec(line)?.[1] ?? []);
      const streams = new Set((await read(await openStore())).map(({ stream }) => stream));
      expect(acknowledged.filter((stream) => !streams.has(stream))).toEqual([]);
    });
  });

  describe('reports at the start', () => {
    /** A copy of a log as a crash would leave it: its write-ahead log not yet merged. */
    async function crashed(events: number): Promise<string> {
      const store = await openStore();
      await fill(store, events);
      const copy = join(folder, `crashed-${events}`);
      await cp(file, copy);
      for (const suffix of ['-wal', '.head']) await cp(`${file}${suffix}`, `${copy}${suffix}`);
      return copy;
    }

    it('nothing, when all is there', async () => {
      expect(await read(await openStore(await crashed(30)))).toHaveLength(30);
    });

    it('a write-ahead log that was cut at any length, or is gone', async () => {
      const copy = await crashed(30);
      const { size } = await stat(`${copy}-wal`);
      const wal = await readFile(`${copy}-wal`);
      for (const length of [0, 1, 32, Math.floor(size / 3), Math.floor(size / 2), size - 4_200, size - 1]) {
        await rm(`${copy}-shm`, { force: true });
        await writeFile(`${copy}-wal`, wal.subarray(0, length));
        await cp(file, copy);
        await expect(SqliteEventStore.open({ file: copy })).rejects.toThrow(StoreCorrupt);
      }
      await rm(`${copy}-wal`, { force: true });
      await cp(file, copy);
      await expect(SqliteEventStore.open({ file: copy })).rejects.toThrow(
        /acknowledged|not an event log|damaged/,
      );
    });

    it('a damaged log without touching its files, so that they can be mended', async () => {
      const copy = await crashed(30);
      const wal = (await readFile(`${copy}-wal`)).subarray(0, 40_000);
      await writeFile(`${copy}-wal`, wal);
      const whole = await readFile(copy);
      for (let attempt = 0; attempt < 2; attempt += 1) {
        await expect(SqliteEventStore.open({ file: copy })).rejects.toThrow(
          /ends at position \d+, but events up to position 30 have been acknowledged/,
        );
        expect(await readFile(`${copy}-wal`)).toEqual(wal);
        expect(await readFile(copy)).toEqual(whole);
      }
    });

    it(
      'a bit that has flipped anywhere, unless it is in none of the events',
      { timeout: 120_000 },
      async () => {
        const store = await openStore();
        await fill(store, 40);
        const before = { epoch: await store.epoch(), events: await read(store) };
        await cleanUp.pop()!();
        const whole = await readFile(file);
        let reported = 0;
        for (let at = 0; at < whole.length; at += 211) {
          const flipped = Buffer.from(whole);
          flipped[at]! ^= 1 << (at % 8);
          await writeFile(file, flipped);
          try {
            const opened = await SqliteEventStore.open({ file });
            cleanUp.push(() => opened.close());
            expect({ epoch: await opened.epoch(), events: await read(opened) }).toEqual(before);
            await cleanUp.pop()!();
          } catch (error) {
            expect(error).toBeInstanceOf(StoreCorrupt);
            reported += 1;
          }
        }
        expect(reported).toBeGreaterThan(20);
      },
    );

    it('the epoch of another log', async () => {
      const store = await openStore();
      await fill(store, 1);
      await cleanUp.pop()!();
      const database = new DatabaseSync(file);
      database.exec("UPDATE meta SET epoch = '00000000-0000-4000-8000-000000000000'");
      database.close();
      await expect(SqliteEventStore.open({ file })).rejects.toThrow(StoreCorrupt);
    });

    it('a file that is gone, and makes no new one in its place', async () => {
      const store = await openStore();
      await fill(store, 3);
      await cleanUp.pop()!();
      await rm(file);
      await expect(SqliteEventStore.open({ file })).rejects.toThrow(
        /is gone, but events up to position 3 have been acknowledged/,
      );
      await expect(stat(file)).rejects.toThrow('ENOENT');
    });

    it('an empty file', async () => {
      await writeFile(file, '');
      await expect(SqliteEventStore.open({ file })).rejects.toThrow(/it is empty/);
    });

    it('the database of another program, and leaves it alone', async () => {
      const database = new DatabaseSync(file);
      database.exec('CREATE TABLE cats (name TEXT)');
      database.close();
      const whole = await readFile(file);
      await expect(SqliteEventStore.open({ file })).rejects.toThrow(/another program/);
      expect(await readFile(file)).toEqual(whole);
    });

    it('a file that was cut, at any length', async () => {
      await (
        await openStore()
      ).append(
        's',
        'none',
        Array.from({ length: 200 }, () => newEvent()),
      );
      await cleanUp.pop()!();
      const { size } = await stat(file);
      const whole = await readFile(file);
      for (let length = size - 1; length >= 0; length -= 4_000) {
        await writeFile(file, whole);
        await truncate(file, length);
        await expect(SqliteEventStore.open({ file })).rejects.toThrow(StoreCorrupt);
      }
    });

    it('a byte of an event that has changed', async () => {
      const store = await openStore();
      await store.append('s', 'none', [newEvent('Happened', { secret: 'needle-in-the-log' })]);
      await store.close();
      cleanUp.pop();
      const at = (await readFile(file)).indexOf('needle-in-the-log');
      const handle = await open(file, 'r+');
      await handle.write('N', at);
      await handle.close();
      await expect(SqliteEventStore.open({ file })).rejects.toThrow(
        /event at position 1 is not as it was written/,
      );
    });

    it('a file that is something else', async () => {
      await writeFile(file, 'these are not the events you are looking for'.repeat(100));
      await expect(SqliteEventStore.open({ file })).rejects.toThrow(/is not an event log/);
    });

    it('a folder where the file should be', async () => {
      await mkdir(file);
      await expect(SqliteEventStore.open({ file })).rejects.toThrow(StoreUnavailable);
    });
  });

  it.skipIf(process.getuid?.() !== 0)(
    'refuses appends while the disk is full, and goes on when there is room',
    async () => {
      const disk = join(folder, 'disk');
      spawnSync('mkdir', [disk]);
      const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk]);
      expect(mounted.status, String(mounted.stderr)).toBe(0);
      cleanUp.push(() => spawnSync('umount', ['-l', disk]));
      const store = await openStore(join(disk, 'events.sqlite'));
      await store.append('s', 'none', [newEvent()]);
      await writeFile(join(disk, 'ballast'), Buffer.alloc(1_000_000)).catch(() => undefined);
      await expect(store.append('s', 1, [newEvent('Large', 'x'.repeat(600_000))])).rejects.toThrow(
        StoreUnavailable,
      );
      await unlink(join(disk, 'ballast'));
      expect(await store.append('s', 1, [newEvent()])).toMatchObject({ revision: 2 });
      expect(await read(store)).toHaveLength(2);
    },
  );
});
