import { spawn, spawnSync, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, open, readFile, rm, stat, truncate, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
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

  describe('with another process on the same file', () => {
    let said: string[];

    async function otherProcess(): Promise<ChildProcessWithoutNullStreams> {
      const child = spawn(process.execPath, [join(ROOT, 'dist/test/support/appender.js'), file]);
      cleanUp.push(() => child.kill('SIGKILL'));
      said = [];
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
      await expect(SqliteEventStore.open({ file: folder })).rejects.toThrow(StoreUnavailable);
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
