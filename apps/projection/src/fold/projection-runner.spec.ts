import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MemoryEventStore, type SubscriptionItem } from '#event-store';
import { eventually } from '../../../../test/support/condition.js';
import { aMetadata, ResourceLog } from '../../../../test/support/resource-log.js';
import { ReadModel } from '../read-model/read-model.js';
import type { SettingsMove } from './change-cutter.js';
import { ProjectionRunner } from './projection-runner.js';
import { Projection } from './projection.js';

/** While it is endless its subscribers are never told that they have reached the end. */
class EndlessStore extends MemoryEventStore {
  endless = false;

  override async *subscribe(
    options: Parameters<MemoryEventStore['subscribe']>[0],
  ): AsyncGenerator<readonly SubscriptionItem[]> {
    for await (const items of super.subscribe(options))
      yield this.endless ? items.filter(({ kind }) => kind === 'event') : items;
  }
}

let folder: string;
let readModel: ReadModel;
let store: EndlessStore;
let log: ResourceLog;
let projection: Projection;
let runner: ProjectionRunner;
let published: SettingsMove[];
let logged: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'upgate-runner-'));
  store = new EndlessStore();
  log = new ResourceLog(store);
  readModel = new ReadModel(join(folder, 'read-model.sqlite'), await store.epoch());
  projection = new Projection(readModel, readModel.loadSettings());
  published = [];
  logged = [];
  const logger = pino({}, { write: (line) => void logged.push(line) });
  const publish = (move: SettingsMove) => published.push(move);
  runner = new ProjectionRunner({ store, projection, publish, maxLagMs: 100, logger });
});

afterEach(async () => {
  await runner.stop();
  readModel.close();
  await rm(folder, { recursive: true });
});

const patience = () => AbortSignal.timeout(15_000);

describe('the runner', () => {
  it('folds what is there, and then what comes, and publishes it in order without a gap', async () => {
    await log.create('a');
    await log.create('b');
    runner.start();
    await runner.caughtUp;
    for (let index = 0; index < 50; index += 1) await log.disable('a');
    expect(await runner.reached(52n, patience())).toBe(true);
    let previous = 0n;
    for (const move of published) {
      expect(move.previous).toBe(previous);
      previous = move.position;
    }
    expect(previous).toBe(52n);
    expect(runner.problem()).toBeUndefined();
  });

  it('reaches the positions of other streams too, with nothing to publish', async () => {
    await log.create('a');
    const hostname = 'x.example.com';
    const claim = { id: 'claim', type: 'HostnameClaimed', data: { hostname }, metadata: aMetadata() };
    await store.append(`hostname-${hostname}`, 'any', [claim]);
    runner.start();
    expect(await runner.reached(2n, patience())).toBe(true);
    expect(projection.head.position).toBe(1n);
  });

  it('is not ready before the end of the log is reached', async () => {
    expect(runner.problem()).toMatch('catching up with the log, at position 0');
    runner.start();
    await runner.caughtUp;
    expect(runner.problem()).toBeUndefined();
  });

  it('is not ready once it is behind for longer than it may be, and is again at the end of the log', async () => {
    await log.create('a');
    runner.start();
    await runner.caughtUp;
    store.endless = true;
    await log.create('b');
    const problem = await eventually('that it is behind', () => runner.problem());
    expect(problem).toBe('catching up with the log, at position 2');
    store.endless = false;
    await log.create('c');
    await eventually('that it is ready', () => runner.problem() === undefined);
  });

  it('stands still at an event that it does not know, says so, and goes on from there', async () => {
    await log.create('a');
    runner.start();
    await runner.reached(1n, patience());
    const [known] = await Array.fromAsync(store.readAll());
    await store.append('cdnResource-a', 'any', [
      { ...known!, id: 'unknown', type: 'SomethingNew', data: {} },
    ]);
    const problem = await eventually('the failure is told', () => runner.problem());
    expect(problem).toMatch(/folding stands at position 1: .*SomethingNew/);
    await eventually(
      'it is tried again',
      () => logged.filter((line) => line.includes('SomethingNew')).length >= 2,
    );
    expect(projection.head.position).toBe(1n);
  });

  it('recovers when the read model can be written again', async () => {
    const rival = new DatabaseSync(join(folder, 'read-model.sqlite'));
    rival.exec('BEGIN IMMEDIATE');
    runner.start();
    await log.create('a');
    expect(
      await eventually('the failure is told', () => logged.find((line) => line.includes('locked'))),
    ).toMatch('folding stands at position 0');
    rival.exec('ROLLBACK');
    rival.close();
    expect(await runner.reached(1n, patience())).toBe(true);
    expect(runner.problem()).toBeUndefined();
    expect(published).toHaveLength(1);
  });

  it('ends those who wait when it stops', async () => {
    runner.start();
    const waiting = runner.reached(1_000n, patience());
    await runner.stop();
    expect(await waiting).toBe(false);
  });
});
