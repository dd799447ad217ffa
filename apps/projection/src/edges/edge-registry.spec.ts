import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { StatusMessage } from '#contract';
import { ReadModel, type Checkpoint } from '../read-model/read-model.js';
import { EdgeRegistry } from './edge-registry.js';
import { FeedTime } from './feed-time.js';

const head: Checkpoint = { epoch: 'epoch-1', position: 10n, digest: 'd'.repeat(32) };
const BEFORE = { position: 9n, digest: 'c'.repeat(32) };

let recent: { position: bigint; digest: string }[];

let folder: string;
let readModel: ReadModel;
let now: number;
let feed: FeedTime;
let registry: EdgeRegistry;
let told: string[];
let logged: object[];

const write = (line: string) => void logged.push(JSON.parse(line) as object);

beforeEach(async () => {
  recent = [BEFORE, head];
  folder = await mkdtemp(join(tmpdir(), 'upgate-edges-'));
  readModel = new ReadModel(join(folder, 'read-model.sqlite'), head.epoch);
  now = 0;
  told = [];
  logged = [];
  registry = registryOf();
});

afterEach(async () => {
  readModel.close();
  await rm(folder, { recursive: true });
});

function registryOf(): EdgeRegistry {
  const projection = {
    readModel,
    head,
    digestAt: (at: bigint) => recent.find(({ position }) => position === at)?.digest,
  };
  const logger = pino({ level: 'warn', base: null, timestamp: false }, { write });
  feed = new FeedTime(() => now);
  const made = new EdgeRegistry(projection, feed, logger);
  feed.join();
  made.events.on('changed', (node) => told.push(`${node} ${made.get(node)?.state}`));
  return made;
}

/** Time passes, and the feed is heard every second. */
function pass(ms: number): void {
  for (const end = now + ms; now < end; feed.heard()) now = Math.min(end, now + 1_000);
  registry.sweep();
}

function status(change: Partial<StatusMessage> = {}): StatusMessage {
  return {
    node: 'edge-1',
    region: 'eu',
    ring: 'one',
    epoch: head.epoch,
    position: head.position,
    digest: head.digest,
    version: '1.0.0',
    enforcer: 'builtin',
    openConnections: 0,
    error: '',
    leaving: false,
    instance: 'run-1',
    home: '',
    ...change,
  };
}

describe('a node', () => {
  it('is live for 15 s after it was heard, then stale, and live again with its next report', () => {
    registry.heard(status());
    pass(14_999);
    expect(registry.get('edge-1')?.state).toBe('live');
    pass(1);
    expect(registry.get('edge-1')?.state).toBe('stale');
    registry.heard(status());
    expect(registry.get('edge-1')?.state).toBe('live');
    expect(told).toEqual(['edge-1 live', 'edge-1 stale', 'edge-1 live']);
  });

  it('is gone when it says so, however long ago', () => {
    registry.heard(status());
    registry.heard(status({ leaving: true }));
    pass(100_000);
    expect(registry.get('edge-1')?.state).toBe('gone');
    expect(told).toEqual(['edge-1 live', 'edge-1 gone']);
  });

  it('is told of when it reports something new, and not when it only reports', () => {
    registry.heard(status({ position: 9n }));
    registry.heard(status({ position: 9n }));
    expect(told).toHaveLength(1);
    registry.heard(status());
    expect(told).toHaveLength(2);
  });

  it.each([
    [{}, 'same'],
    [BEFORE, 'behind'],
    [{ position: 9n }, 'differs'],
    [{ position: 8n }, 'behind'],
    [{ epoch: '', position: 0n, digest: '' }, 'behind'],
    [{ position: 11n }, 'ahead'],
    [{ digest: 'e'.repeat(32) }, 'differs'],
    [{ epoch: 'epoch-0' }, 'differs'],
  ] as const)('that reports %o compares as %s', (change, verdict) => {
    registry.heard(status(change));
    expect(registry.get('edge-1')?.verdict).toBe(verdict);
  });

  it('that has drifted is counted and logged once, with both digests', () => {
    const expected = head.digest;
    registry.heard(status());
    for (const digest of ['e'.repeat(32), 'e'.repeat(32), expected]) registry.heard(status({ digest }));
    registry.heard(status({ digest: 'f'.repeat(32), position: 8n }));
    registry.heard(status({ digest: 'e'.repeat(32), epoch: 'epoch-0' }));
    expect(registry.drifted).toBe(1);
    expect(logged).toEqual([
      {
        level: 40,
        node: 'edge-1',
        instance: 'run-1',
        position: '10',
        digest: 'e'.repeat(32),
        expected,
        msg: 'edge has drifted',
      },
    ]);
  });

  it('is remembered over a restart: one that was live is expected for 15 s more', () => {
    registry.heard(status({ node: 'was-live', ...BEFORE }));
    registry.heard(status({ node: 'was-gone', leaving: true }));
    registry.heard(status({ node: 'was-stale' }));
    pass(10_000);
    registry.heard(status({ node: 'was-live', ...BEFORE }));
    pass(10_000);
    registry.stop();
    now = 0;
    registry = registryOf();
    expect(registry.list().map(({ node, state }) => [node, state])).toEqual([
      ['was-gone', 'gone'],
      ['was-live', 'live'],
      ['was-stale', 'stale'],
    ]);
    expect(registry.get('was-live')).toMatchObject({ position: '9', verdict: 'behind', region: 'eu' });
    pass(15_000);
    expect(registry.get('was-live')?.state).toBe('stale');
  });

  it('is forgotten for good', () => {
    registry.heard(status());
    registry.sweep();
    expect(registry.forget('edge-1')).toBe(true);
    expect(registry.forget('edge-1')).toBe(false);
    expect(registryOf().list()).toEqual([]);
  });
});

describe('instances of one name', () => {
  const first = status({ instance: 'run-1', home: 'folder-1' });
  const second = status({ instance: 'run-2', home: 'folder-2', ...BEFORE });

  it('are counted, told of, and stand where the one furthest behind does', () => {
    for (const report of [first, second, first, second]) registry.heard(report);
    expect(registry.get('edge-1')).toMatchObject({ instances: 2, position: '9', verdict: 'behind' });
    expect(registry.shared).toBe(1);
    expect(registry.findLacking(10n)).toBe('edge-1');
    expect(registry.findLacking(9n)).toBeUndefined();
    expect(logged).toEqual([
      { level: 40, node: 'edge-1', instances: 2, msg: 'several agents have the name of one node' },
    ]);
  });

  it('are forgotten when they are silent or have left while another is live', () => {
    registry.heard(second);
    pass(14_000);
    registry.heard(first);
    told.length = 0;
    pass(1_000);
    expect(registry.get('edge-1')).toMatchObject({ instances: 1, state: 'live', verdict: 'same' });
    expect(told).toEqual(['edge-1 live']);
    registry.heard(second);
    registry.heard({ ...second, leaving: true });
    expect(registry.findLacking(10n)).toBeUndefined();
    pass(1_000);
    expect(registryOf().get('edge-1')).toMatchObject({ instances: 1, verdict: 'same' });
  });

  it('are one when a restart has taken the place of the other in the same folder', () => {
    registry.heard({ ...second, home: 'folder-1' });
    registry.heard(first);
    expect(registry.get('edge-1')).toMatchObject({ instances: 1, position: '10' });
    registry.heardElsewhere({ ...second, home: 'folder-1' });
    expect(registry.get('edge-1')).toMatchObject({ instances: 1, position: '10' });
    expect(logged).toEqual([]);
  });

  it('are one when an older version of a replica or an agent does not tell them apart', () => {
    const nameless = { ...second, instance: '', home: '' };
    registry.heard(nameless);
    expect(registry.get('edge-1')).toMatchObject({ instances: 1, position: '9' });
    registry.heard(first);
    registry.heardElsewhere(nameless);
    expect(registry.get('edge-1')).toMatchObject({ instances: 1, position: '10' });
    expect(logged).toEqual([]);
  });

  it('are two when both go on with copies of one folder', () => {
    for (const report of [first, second, first, second]) registry.heard({ ...report, home: 'folder-1' });
    expect(registry.get('edge-1')).toMatchObject({ instances: 2, position: '9' });
    expect(registry.findLacking(10n)).toBe('edge-1');
  });
});

describe('what a node is known to enforce', () => {
  it('is nothing when it has drifted, wherever the log goes meanwhile', () => {
    registry.heard(status({ digest: 'e'.repeat(32) }));
    expect(registry.findLacking(10n)).toBe('edge-1');
    recent.push({ position: 11n, digest: 'a'.repeat(32) });
    expect(registry.findLacking(10n)).toBe('edge-1');
    registry.heard(status());
    expect(registry.findLacking(10n)).toBeUndefined();
  });

  it('is compared as soon as the log is read so far', () => {
    registry.heard(status({ position: 11n, digest: 'e'.repeat(32) }));
    expect(registry.findLacking(11n)).toBeUndefined();
    recent.push({ position: 11n, digest: 'a'.repeat(32) });
    expect(registry.findLacking(11n)).toBe('edge-1');
    registry.sweep();
    expect(registry.drifted).toBe(1);
  });

  it('is nothing while the feed is away, and before it was heard over it anew', () => {
    registry.heard(status({ node: 'back' }));
    registry.heard(status({ node: 'silent' }));
    now += 3_600_000;
    registry.sweep();
    expect(registry.inState('live')).toHaveLength(2);
    expect(registry.lacks('back', 1n)).toBe(true);
    expect(feed.heard()).toBe(true);
    expect(registry.lacks('back', 1n)).toBe(true);
    registry.heard(status({ node: 'back' }));
    expect(registry.lacks('back', 10n)).toBe(false);
    expect(registry.findLacking(1n)).toBe('silent');
    pass(15_000);
    registry.heard(status({ node: 'back' }));
    expect(registry.findLacking(1n)).toBeUndefined();
    expect(registry.get('silent')?.state).toBe('stale');
  });
});
