import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { logFile, SqliteEventStore } from '#event-store';
import { EMPTY_DIGEST } from '#settings';
import { ProjectionRig } from '../../../test/support/projection-rig.js';
import { ResourceLog } from '../../../test/support/resource-log.js';
import { readModelFolder } from './folders.js';
import { ReadModel } from './read-model/read-model.js';
import { rebuildReadModel } from './rebuild-read-model.js';

let rig: ProjectionRig;

beforeEach(async () => {
  rig = await ProjectionRig.prepare();
  for (let index = 0; index < 30; index += 1) await rig.log.create(`r${index}`);
  await rig.log.disable('r1');
  await rig.log.delete('r2');
});

afterEach(() => rig.dispose());

async function rebuild(): Promise<{ agree: boolean; lines: string[] }> {
  const lines: string[] = [];
  const agree = await rebuildReadModel({ store: 'sqlite', data: rig.folder }, rig.logger, (line) =>
    lines.push(line),
  );
  return { agree, lines };
}

async function foldAndStop(): Promise<void> {
  await rig.start();
  await rig.get('/v1/resources?after=32');
  await rig.stop();
}

async function resources(): Promise<unknown[]> {
  const { body } = await rig.get('/v1/resources?after=32');
  return (body as { items: unknown[] }).items;
}

function readModelFile(): string {
  return join(readModelFolder({ data: rig.folder }), 'read-model.sqlite');
}

function tamper(sql: string): void {
  const db = new DatabaseSync(readModelFile());
  db.exec(sql);
  db.close();
}

function schema(): unknown[] {
  const db = new DatabaseSync(readModelFile());
  const all = db.prepare('SELECT type, name, sql FROM sqlite_schema ORDER BY name').all();
  const version = db.prepare('PRAGMA user_version').get();
  db.close();
  return [...all, version];
}

describe('a rebuild', () => {
  it('gives the same digest, and says so', async () => {
    await foldAndStop();
    const { agree, lines } = await rebuild();
    expect(agree).toBe(true);
    const [before, after, verdict] = lines;
    expect(before).toMatch(/^before: 32 events, 29 resources, position 32, digest [0-9a-f]{32}$/);
    expect(after).toBe(before!.replace('before: ', 'after:  '));
    expect(verdict).toBe('They agree at position 32.');
  });

  it('compares at the position where the old one stood', async () => {
    await foldAndStop();
    await rig.log.create('later');
    const { agree, lines } = await rebuild();
    expect(agree).toBe(true);
    expect(lines.at(-1)).toBe('They agree at position 32.');
  });

  it('tells of a read model that said something else than the log', async () => {
    await foldAndStop();
    tamper(
      `UPDATE resource SET settings = NULL WHERE id = 'r5';
       UPDATE checkpoint SET position = 31`,
    );
    const { lines } = await rebuild();
    expect(lines.at(-1)).toBe('There was nothing to compare with.');
    tamper(`UPDATE checkpoint SET position = 31`);
    expect((await rebuild()).agree).toBe(false);
    expect((await rebuild()).agree).toBe(true);
  });

  it('leaves the same tables and indexes as folding does', async () => {
    await foldAndStop();
    const folded = schema();
    await rebuild();
    expect(schema()).toEqual(folded);
  });

  it('makes a read model where there is none', async () => {
    const { agree, lines } = await rebuild();
    expect(agree).toBe(true);
    expect(lines.at(1)).toMatch('29 resources');
  });

  it('is refused while a program uses the read model, and where there is no log', async () => {
    await rig.start();
    await expect(rebuild()).rejects.toThrow(readModelFolder({ data: rig.folder }));
    await expect(
      rebuildReadModel({ store: 'sqlite', data: '/nowhere' }, rig.logger, () => undefined),
    ).rejects.toThrow('There is no event log at /nowhere/log/events.sqlite');
  });
});

describe('at the start', () => {
  it.each([
    ['has another schema', 'PRAGMA user_version = 99'],
    ['does not give its own digest', `UPDATE checkpoint SET digest = '${'1'.repeat(32)}'`],
    ['is of another log', `UPDATE checkpoint SET epoch = 'another'`],
    ['holds what cannot be read', `UPDATE resource SET settings = x'7b'`],
  ])('a read model that %s is made anew', async (_what, sql) => {
    await foldAndStop();
    tamper(sql);
    await rig.start();
    expect(await resources()).toHaveLength(29);
  });

  it('a read model whose rebuild was broken off is made anew', async () => {
    await foldAndStop();
    const readModel = new ReadModel(readModelFile(), await rig.store.epoch());
    readModel.startAnew();
    readModel.saveCheckpoint(32n, EMPTY_DIGEST);
    readModel.close();
    await rig.start();
    expect(await resources()).toHaveLength(29);
  });

  it('a read model that is no database is made anew', async () => {
    await foldAndStop();
    await writeFile(readModelFile(), 'garbage '.repeat(1000));
    await rig.start();
    expect(await resources()).toHaveLength(29);
  });

  it('a log that has lost what the read model has seen is refused', async () => {
    await foldAndStop();
    const other = await mkdtemp(join(tmpdir(), 'upgate-projection-'));
    const store = await SqliteEventStore.open({ file: logFile(other) });
    await new ResourceLog(store).create('only');
    const epoch = await store.epoch();
    await store.close();
    tamper(`UPDATE checkpoint SET epoch = '${epoch}'`);
    rig.config.data = other;
    await cp(readModelFolder({ data: rig.folder }), readModelFolder({ data: other }), { recursive: true });
    await expect(rig.start()).rejects.toThrow(
      'the log ends at position 1 but the read model has seen 32: ' +
        'the log was shortened or put back without a new epoch',
    );
    await rm(other, { recursive: true });
  });
});
