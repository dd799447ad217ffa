import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { StatusMessage } from '#contract';
import { ReadModel, type Checkpoint } from '../read-model/read-model.js';
import { EdgeRegistry } from './edge-registry.js';

const head: Checkpoint = { epoch: 'epoch-1', position: 10n, digest: 'd'.repeat(32) };

let folder: string;
let readModel: ReadModel;
let now: number;
let registry: EdgeRegistry;
let told: string[];
let logged: object[];

const write = (line: string) => void logged.push(JSON.parse(line) as object);

beforeEach(async () => {
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
  const made = new EdgeRegistry(
    readModel,
    () => head,
    pino({ level: 'warn', base: null, timestamp: false }, { write }),
    () => now,
  );
  made.events.on('changed', (node) => told.push(`${node} ${made.get(node)?.state}`));
  return made;
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
    now = 14_999;
    registry.sweep();
    expect(registry.get('edge-1')?.state).toBe('live');
    now = 15_000;
    registry.sweep();
    expect(registry.get('edge-1')?.state).toBe('stale');
    registry.heard(status());
    expect(registry.get('edge-1')?.state).toBe('live');
    expect(told).toEqual(['edge-1 live', 'edge-1 stale', 'edge-1 live']);
  });

  it('is gone when it says so, however long ago', () => {
    registry.heard(status());
    registry.heard(status({ leaving: true }));
    now = 100_000;
    registry.sweep();
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
    [{ position: 9n }, 'behind'],
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
    registry.heard(status({ digest: 'f'.repeat(32), position: 9n }));
    registry.heard(status({ digest: 'e'.repeat(32), epoch: 'epoch-0' }));
    expect(registry.drifted).toBe(1);
    expect(logged).toEqual([
      {
        level: 40,
        node: 'edge-1',
        position: '10',
        digest: 'e'.repeat(32),
        expected,
        msg: 'edge has drifted',
      },
    ]);
  });

  it('is remembered over a restart: one that was live is expected for 15 s more', () => {
    registry.heard(status({ node: 'was-live', position: 9n }));
    registry.heard(status({ node: 'was-gone', leaving: true }));
    registry.heard(status({ node: 'was-stale' }));
    now = 10_000;
    registry.heard(status({ node: 'was-live', position: 9n }));
    now = 20_000;
    registry.sweep();
    now = 0;
    registry = registryOf();
    expect(registry.list().map(({ node, state }) => [node, state])).toEqual([
      ['was-gone', 'gone'],
      ['was-live', 'live'],
      ['was-stale', 'stale'],
    ]);
    expect(registry.get('was-live')).toMatchObject({ position: '9', verdict: 'behind', region: 'eu' });
    now = 15_000;
    registry.sweep();
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
