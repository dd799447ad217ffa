import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { aMetadata } from '../../../../test/support/resource-log.js';
import { ReadModel } from '../read-model/read-model.js';
import { Lag } from './lag.js';

const START = Date.parse('2026-01-01T00:00:00Z');

let folder: string;
let readModel: ReadModel;
let head: bigint;
let lag: Lag;

beforeEach(async () => {
  vi.useFakeTimers({ now: START, toFake: ['Date'] });
  folder = await mkdtemp(join(tmpdir(), 'upgate-lag-'));
  readModel = new ReadModel(join(folder, 'read-model.sqlite'), 'epoch-1');
  head = 0n;
  lag = new Lag(readModel.history, () => head);
});

afterEach(async () => {
  vi.useRealTimers();
  readModel.close();
  await rm(folder, { recursive: true });
});

/** An event of a resource at the position, recorded so many seconds after the start. */
function record(position: bigint, seconds: number): void {
  readModel.history.add(
    'chat',
    {
      id: randomUUID(),
      type: 'WebsocketsDisabled',
      stream: 'cdnResource-chat',
      data: {},
      revision: Number(position),
      position,
      metadata: aMetadata({ time: new Date(START + seconds * 1_000).toISOString() }),
    },
    undefined,
  );
  head = position;
}

describe('the lag of a position', () => {
  it('is nothing at the head, at an empty log, and beyond', () => {
    expect(lag.of(0n)).toEqual({ changes: 0, seconds: 0 });
    record(4n, 0);
    vi.setSystemTime(START + 9_000);
    expect(lag.of(4n)).toEqual({ changes: 0, seconds: 0 });
    expect(lag.of(5n)).toEqual({ changes: 0, seconds: 0 });
  });

  it('counts the changes above it, wherever positions are left out, and the seconds since the first', () => {
    record(1n, 0);
    record(5n, 10);
    record(9n, 20);
    vi.setSystemTime(START + 25_500);
    expect(lag.of(1n)).toEqual({ changes: 2, seconds: 15.5 });
    expect(lag.of(3n)).toEqual({ changes: 2, seconds: 15.5 });
    expect(lag.of(5n)).toEqual({ changes: 1, seconds: 5.5 });
  });

  it('grows with the log', () => {
    record(1n, 0);
    record(2n, 1);
    vi.setSystemTime(START + 2_000);
    expect(lag.of(1n)).toEqual({ changes: 1, seconds: 1 });
    record(3n, 2);
    record(4n, 2);
    vi.setSystemTime(START + 3_000);
    expect(lag.of(1n)).toEqual({ changes: 3, seconds: 2 });
    expect(lag.of(3n)).toEqual({ changes: 1, seconds: 1 });
  });

  it('is everything for a node that has nothing of this log', () => {
    record(1n, 0);
    record(2n, 1);
    vi.setSystemTime(START + 4_000);
    expect(lag.of(-1n)).toEqual({ changes: 2, seconds: 4 });
    expect(lag.of(0n)).toEqual({ changes: 2, seconds: 4 });
  });

  it('is never below zero seconds, however clocks are set', () => {
    record(1n, 3_600);
    expect(lag.of(0n)).toEqual({ changes: 1, seconds: 0 });
  });
});
