import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { link, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  logFile,
  openEventStore,
  openImportTarget,
  type EventStore,
  type LogPlace,
  type NewEvent,
} from '#event-store';
import { eventually } from '../../../test/support/condition.js';
import { newEvent } from '../../../test/support/events.js';
import { KurrentServer } from '../../../test/support/kurrentdb/server.js';
import { Program } from '../../../test/support/program.js';
import { parseArguments, type Task } from './arguments.js';
import { configure } from './config.js';
import { perform } from './tasks.js';

let folder: string;
let server: KurrentServer;
let copy: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'upgate-log-'));
  server = await KurrentServer.start();
  copy = join(folder, 'copy.ndjson');
});
afterEach(async () => {
  server.stop();
  await rm(folder, { recursive: true });
});

const embedded = (name: string): LogPlace => ({ store: 'sqlite', data: join(folder, name) });
const kurrent = (): LogPlace => ({ store: server.address, data: folder });

async function run(task: Task, place: LogPlace): Promise<{ written: string; said: string[] }> {
  const said: string[] = [];
  const chunks: Buffer[] = [];
  const out = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      chunks.push(chunk);
      done();
    },
  });
  await perform(task, place, { out, say: (line) => said.push(line) });
  return { written: Buffer.concat(chunks).toString(), said };
}

async function exported(place: LogPlace): Promise<string[]> {
  const { written } = await run({ task: 'export' }, place);
  await writeFile(copy, written);
  return written.trimEnd().split('\n');
}

const imported = (place: LogPlace) => run({ task: 'import', file: copy }, place);
const epochOf = async (place: LogPlace) => (await run({ task: 'epoch', renew: false }, place)).written.trim();
const renewed = async (place: LogPlace) => (await run({ task: 'epoch', renew: true }, place)).written.trim();

async function using<T>(place: LogPlace, use: (store: EventStore) => Promise<T>): Promise<T> {
  const store = await openEventStore(place);
  try {
    return await use(store);
  } finally {
    await store.close();
  }
}

/** Streams that are interleaved, one of them with a key that must be remembered. */
async function fill(place: LogPlace): Promise<void> {
  await using(place, async (store) => {
    await store.append('one', 'none', [keyed('first'), newEvent()]);
    await store.append('two', 'none', [newEvent()]);
    await store.append('one', 2, [newEvent()]);
  });
}

function keyed(key: string): NewEvent {
  const event = newEvent();
  return { ...event, metadata: { ...event.metadata, idempotency: { key, fingerprint: 'f' } } };
}

const contents = (place: LogPlace) =>
  using(place, async (store) => {
    const events = await Array.fromAsync(store.readAll());
    return events.map(({ stream, revision, id, type, data, metadata }) => ({
      stream,
      revision,
      id,
      type,
      data,
      metadata,
    }));
  });

describe('a copy of the log', () => {
  it('moves it from store to store and back, the same but for its epoch', async () => {
    await fill(embedded('a'));
    const lines = await exported(embedded('a'));
    await imported(kurrent());
    const second = await exported(kurrent());
    await imported(embedded('b'));
    const third = await exported(embedded('b'));
    expect(lines).toHaveLength(6);
    expect(second.slice(1)).toEqual(lines.slice(1));
    expect(third.slice(1)).toEqual(lines.slice(1));
    expect(await contents(embedded('b'))).toEqual(await contents(embedded('a')));
    expect((await contents(kurrent()))[0]?.metadata.idempotency).toEqual({ key: 'first', fingerprint: 'f' });
    const epochs = await Promise.all([embedded('a'), kurrent(), embedded('b')].map(epochOf));
    expect(new Set(epochs).size).toBe(3);
  });

  it('goes on where an import was broken off, and until then nobody can open the log', async () => {
    await fill(embedded('a'));
    await exported(embedded('a'));
    server.faults.push(undefined, undefined, 'deny');
    await expect(imported(kurrent())).rejects.toThrow('denies access');
    await expect(openEventStore(kurrent())).rejects.toThrow('an import into the event log is not complete');
    const { said } = await imported(kurrent());
    expect(said).toContain('2 events had been imported before');
    expect(await contents(kurrent())).toEqual(await contents(embedded('a')));
  });

  it('is imported nowhere where there is a log', async () => {
    await fill(embedded('a'));
    await fill(kurrent());
    await exported(embedded('a'));
    await expect(imported(embedded('a'))).rejects.toThrow('There is an event log at');
    await expect(imported(kurrent())).rejects.toThrow('There are events in KurrentDB already');
  });

  it.each<[string, (lines: string[]) => string[], string]>([
    ['is something else', () => ['{"hello": 1}'], 'line 1: this is not the first line of an exported log'],
    [
      'is of a later format',
      ([first, ...rest]) => [first!.replace(':1,', ':2,'), ...rest],
      'line 1: its format is 2',
    ],
    ['is empty', () => [], 'line 1: the copy ends before its last line'],
    ['was truncated', (lines) => lines.slice(0, 3), 'line 4: the copy ends before its last line'],
    [
      'has half a line',
      (lines) => [...lines.slice(0, 2), lines[2]!.slice(0, 9)],
      'line 3: this is not a JSON object',
    ],
    ['lacks a line', (lines) => lines.toSpliced(2, 1), 'line 5: it says 4 events, but there are 3'],
    ['was edited', (lines) => lines.with(2, lines[2]!.replace('"one"', '"two"')), 'line 6: it says sha256:'],
    ['lacks a field', (lines) => lines.with(2, '{"stream":"one"}'), 'line 3: an event must hold'],
    ['goes on after its end', (lines) => [...lines, lines[1]!], 'line 7: there is more after the last line'],
  ])(
    'that %s is refused with the line and the reason, and nothing is written',
    async (_what, spoil, problem) => {
      await fill(embedded('a'));
      const spoilt = spoil(await exported(embedded('a')));
      await writeFile(copy, spoilt.map((line) => `${line}\n`).join(''));
      await expect(imported(embedded('b'))).rejects.toThrow(problem);
      await expect(imported(kurrent())).rejects.toThrow(problem);
      expect(server.log.events).toEqual([]);
      await expect(run({ task: 'export' }, embedded('b'))).rejects.toThrow('There is no event log');
    },
  );
});

describe('an import, in its last step,', () => {
  const place = () => embedded('b');
  const file = () => logFile(place().data);
  const draft = () => `${file()}.import`;
  const markOf = (log: string) => readFile(`${log}.head`, 'utf8').then(BigInt);

  beforeEach(async () => {
    await fill(embedded('a'));
    await exported(embedded('a'));
  });

  it('leaves a log alone that was made meanwhile, and its mark', async () => {
    const pipe = join(folder, 'pipe');
    expect(spawnSync('mkfifo', [pipe]).status).toBe(0);
    const lines = await readFile(copy);
    const program = new Program('apps/log/src/main.js', { UPGATE_DATA: place().data }, ['import', pipe]);
    await writeFile(pipe, lines);
    await eventually('the import to begin', () => existsSync(draft()));
    await using(place(), async (live) => {
      await live.append('live', 'none', [newEvent()]);
      await writeFile(pipe, lines);
      expect(await program.exited()).toBe(1);
      expect(await markOf(file())).toBe(1n);
      await live.append('live', 1, [newEvent()]);
    });
    expect(program.stderr).toContain(`There is an event log at ${file()} by now`);
    expect(program.stderr).not.toMatch(/^ +at /m);
    expect(await contents(place())).toMatchObject([{ stream: 'live' }, { stream: 'live' }]);
  });

  it('leaves the log and its mark, and nothing else', async () => {
    await imported(place());
    expect(await readdir(join(place().data, 'log'))).toEqual(['events.sqlite', 'events.sqlite.head']);
    expect(await markOf(file())).toBe(4n);
  });

  it('takes the place of a log that is gone, though more had been acknowledged', async () => {
    await using(place(), (lost) =>
      lost.append(
        'lost',
        'none',
        Array.from({ length: 9 }, () => newEvent()),
      ),
    );
    await rm(file());
    await imported(place());
    expect(await markOf(file())).toBe(4n);
    expect(await contents(place())).toEqual(await contents(embedded('a')));
  });

  it('can be cut off when the log is in its place, which is whole then, and can be imported anew', async () => {
    await imported(place());
    await link(file(), draft());
    await rm(`${file()}.head`);
    expect(await contents(place())).toEqual(await contents(embedded('a')));
    await expect(imported(place())).rejects.toThrow('There is an event log at');
    const epoch = await epochOf(place());
    await rename(file(), join(folder, 'former'));
    await rm(`${file()}.head`);
    await imported(place());
    expect(await epochOf(place())).not.toBe(epoch);
  });

  it('makes no log of a draft whose last events are not in its file', async () => {
    const target = await openImportTarget(place());
    await target.store.append('one', 'none', [newEvent()]);
    const reader = new DatabaseSync(draft(), { readOnly: true });
    reader.prepare('SELECT count(*) FROM events').get();
    await expect(target.finish()).rejects.toThrow('another program has it open');
    reader.close();
    expect(existsSync(file())).toBe(false);
  });
});

describe('a new epoch', () => {
  it.each([
    ['sqlite', () => embedded('a')],
    ['kurrentdb', kurrent],
  ])('is given to a log that was put back, which stays as it is: %s', async (_store, place) => {
    await fill(place());
    const before = { epoch: await epochOf(place()), contents: await contents(place()) };
    const epoch = await renewed(place());
    expect(epoch).not.toBe(before.epoch);
    expect(await epochOf(place())).toBe(epoch);
    expect(await contents(place())).toEqual(before.contents);
  });

  it('takes an older log for whole, though more had been acknowledged', async () => {
    await fill(embedded('a'));
    await writeFile(join(folder, 'a/log/events.sqlite.head'), '9'.padStart(20, '0'));
    await expect(openEventStore(embedded('a'))).rejects.toThrow('have been acknowledged');
    await renewed(embedded('a'));
    expect(await contents(embedded('a'))).toHaveLength(4);
  });

  it('is refused while a program has the log open', async () => {
    await using(embedded('a'), async () => {
      await expect(renewed(embedded('a'))).rejects.toThrow('database is locked');
    });
  });
});

describe('the program', () => {
  it('says how it is used, and what is wrong', async () => {
    for (const args of [[], ['export', 'x'], ['import'], ['epoch', '--old'], ['import', 'x', '--new']])
      expect(parseArguments(args)).toBeUndefined();
    expect(() => configure({ store: 'paper' }, {})).toThrow('UPGATE_STORE="paper": must be sqlite');
    expect(() => configure({ store: 'kurrentdb://a:b@host' }, {})).toThrow('must not hold a password');
    await expect(run({ task: 'import', file: join(folder, 'none') }, embedded('a'))).rejects.toThrow(
      `There is no file ${join(folder, 'none')}.`,
    );
  });

  it('writes a copy that is nothing but the copy', async () => {
    await fill(embedded('a'));
    const lines = await exported(embedded('a'));
    const program = new Program('apps/log/src/main.js', { UPGATE_DATA: join(folder, 'a') }, ['export']);
    expect(await program.exited()).toBe(0);
    expect(program.lines.map((line) => JSON.stringify(line))).toEqual(lines);
    expect(await readFile(copy, 'utf8')).toContain(program.stderr.match(/sha256:\w+/)![0]);
  });
});
