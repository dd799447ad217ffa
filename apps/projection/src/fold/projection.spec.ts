import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MemoryEventStore, type RecordedEvent } from '#event-store';
import { SettingsTable } from '#settings';
import { aMetadata, aResource, ResourceLog } from '../../../../test/support/resource-log.js';
import { ReadModel } from '../read-model/read-model.js';
import { Projection } from './projection.js';

const EPOCH = 'epoch-1';

let folder: string;
let file: string;
let readModel: ReadModel;
let store: MemoryEventStore;
let log: ResourceLog;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'upgate-projection-'));
  file = join(folder, 'read-model.sqlite');
  readModel = new ReadModel(file, EPOCH);
  store = new MemoryEventStore();
  log = new ResourceLog(store);
});

afterEach(async () => {
  readModel.close();
  await rm(folder, { recursive: true });
});

function events(after = 0n): Promise<RecordedEvent[]> {
  return Array.fromAsync(store.readAll({ after, prefix: 'cdnResource-' }));
}

function projection(): Projection {
  return new Projection(readModel, readModel.loadSettings());
}

/** Folds the whole log in one go. */
async function folded(): Promise<Projection> {
  const made = projection();
  made.apply(await events());
  return made;
}

describe('the projection', () => {
  it('given a created and disabled resource, has it as it is now', async () => {
    await log.create('chat');
    await log.disable('chat', { time: '2026-01-02T00:00:00.000Z' });
    const { head, table } = await folded();
    expect(readModel.resources.get('chat')).toMatchObject({
      state: { status: 'live', resource: { ...aResource('chat'), websockets: { enabled: false } } },
      revision: 2,
      position: 2n,
      updatedAt: '2026-01-02T00:00:00.000Z',
    });
    expect(table.get('chat')).toMatchObject({ position: 2n, websockets: { enabled: false, position: 2n } });
    expect(head).toEqual({ epoch: EPOCH, position: 2n, digest: table.digest });
  });

  it('coalesces a run of events into one move that leads from position to position', async () => {
    await log.create('a');
    await log.create('b');
    await log.disable('a');
    await log.delete('b');
    const made = projection();
    const moves = made.apply(await events());
    expect(moves).toMatchObject([{ previous: 0n, position: 4n, digest: made.table.digest }]);
    expect(moves[0]!.changes.map(({ resource, position }) => ({ resource, position }))).toEqual([
      { resource: 'a', position: 3n },
      { resource: 'b', position: 4n },
    ]);
  });

  it('moves the position for an event that touches no setting', async () => {
    await log.create('a');
    const made = await folded();
    const { digest } = made.head;
    await log.append('a', { type: 'CommandHadNoEffect', data: { command: 'EnableWebsockets' } });
    expect(made.apply(await events(1n))).toEqual([{ previous: 1n, position: 2n, digest, changes: [] }]);
  });

  it('cuts a large run at position boundaries, each part with the digest that a reader of it has', async () => {
    const secondaryHostnames = Array.from(
      { length: 200 },
      (_, index) => `${'h'.repeat(50)}-${index}.example.com`,
    );
    for (let index = 0; index < 100; index += 1)
      await log.create(`r${index}`, {
        secondaryHostnames: secondaryHostnames.map((name) => `r${index}-${name}`),
      });
    const moves = projection().apply(await events());
    expect(moves.length).toBeGreaterThan(1);
    const reader = new SettingsTable();
    let position = 0n;
    for (const move of moves) {
      expect(move.previous).toBe(position);
      reader.apply(move.changes);
      expect(reader.digest).toBe(move.digest);
      position = move.position;
    }
    expect(position).toBe(100n);
  });

  it('takes an event that it is given twice once', async () => {
    await log.create('a');
    await log.disable('a');
    const made = await folded();
    const { head } = made;
    expect(made.apply(await events())).toEqual([]);
    expect(made.head).toEqual(head);
    expect(readModel.history.list({}, undefined, 10)).toHaveLength(2);
  });

  it('keeps nothing of a run that holds an event it does not know', async () => {
    await log.create('a');
    const made = await folded();
    const { head } = made;
    await log.create('b');
    const [known] = await events(1n);
    const unknown = { ...known!, type: 'SomethingNew', position: 3n };
    expect(() => made.apply([known!, unknown])).toThrow('SomethingNew');
    expect(made.head).toEqual(head);
    expect(made.table.digest).toBe(head.digest);
    expect(made.table.get('b')).toBeUndefined();
    expect(readModel.resources.get('b')).toBeUndefined();
    made.apply([known!]);
    expect(made.table.get('b')).toBeDefined();
  });

  it('goes on from where it was after a restart', async () => {
    await log.create('a');
    const { head } = await folded();
    readModel.close();
    readModel = new ReadModel(file, EPOCH);
    const reopened = projection();
    expect(reopened.head).toEqual(head);
    await log.delete('a');
    expect(reopened.apply(await events(1n))).toMatchObject([
      { previous: 1n, position: 2n, changes: [{ resource: 'a', position: 2n, removed: true }] },
    ]);
  });

  it('remembers removals for those who were away, with the last policy for open connections', async () => {
    await log.create('a');
    await log.create('b');
    await log.delete('a');
    await folded();
    const websockets = { openConnections: { mode: 'drain', seconds: 30 }, position: 1n };
    expect(readModel.resources.changedSince(2n, 10).map(({ change }) => change)).toEqual([
      { resource: 'a', position: 3n, removed: true, websockets },
    ]);
    expect(readModel.resources.changedSince(1n, 10)).toHaveLength(2);
  });

  it('knows a stream that holds nothing but a lost claim as no resource', async () => {
    await log.append('a', { type: 'HostnameClaimRevoked', data: { hostname: 'x.example.com', by: 'b' } });
    const { head } = await folded();
    expect(head.position).toBe(1n);
    expect(readModel.resources.get('a')?.state.status).toBe('absent');
    expect(readModel.resources.list({}, '', 10)).toEqual([]);
    expect(readModel.resources.changedSince(0n, 10)).toEqual([]);
  });

  it('folds 100,000 resources to the digest of the table made from them at once', async () => {
    const made = projection();
    for (let batch = 0; batch < 100; batch += 1) made.apply(creations(batch * 1000, 1000));
    expect(made.table.size).toBe(100_000);
    expect(readModel.loadSettings().digest).toBe(made.head.digest);
  });
});

function creations(from: number, count: number): RecordedEvent[] {
  return Array.from({ length: count }, (_, index) => {
    const id = `r${from + index}`;
    const position = BigInt(from + index + 1);
    return {
      stream: `cdnResource-${id}`,
      revision: 1,
      position,
      id: `event-${position}`,
      type: 'CdnResourceCreated',
      data: aResource(id),
      metadata: aMetadata(),
    };
  });
}
