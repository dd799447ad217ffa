import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Backoff } from './backoff.js';
import { PutOff } from './put-off.js';
import { StatusReporter } from './status-reporter.js';
import { SyncSchedule } from './sync-schedule.js';

describe('the sync schedule', () => {
  let now = 0;
  let schedule: SyncSchedule;

  beforeEach(() => {
    now = 1_000;
    schedule = new SyncSchedule(() => now);
  });

  it('follows the earliest wish, once', () => {
    expect(schedule.dueIn).toBeUndefined();
    schedule.want({ after: 300 });
    schedule.want({ after: 100 });
    schedule.want({ after: 200 });
    expect(schedule.dueIn).toBe(100);
    now += 150;
    expect(schedule.dueIn).toBe(0);
    schedule.clear();
    expect(schedule.dueIn).toBeUndefined();
  });

  it('puts off what is wanted, until it is hastened', () => {
    schedule.postpone(5_000);
    schedule.want();
    expect(schedule.dueIn).toBe(5_000);
    schedule.hasten(1_000);
    schedule.hasten(3_000);
    expect(schedule.dueIn).toBe(1_000);
  });

  it('remembers that only a snapshot will do', () => {
    schedule.want({ snapshot: true });
    schedule.want();
    expect(schedule.snapshot).toBe(true);
    schedule.clear();
    expect(schedule.snapshot).toBe(false);
  });
});

describe('a back-off', () => {
  afterEach(() => vi.restoreAllMocks());

  it('draws from all below a bound that doubles, and starts again', () => {
    const random = vi.spyOn(Math, 'random');
    const backoff = new Backoff(100, 1_000);
    random.mockReturnValue(0.9);
    expect(Array.from({ length: 6 }, () => backoff.next())).toEqual([90, 180, 360, 720, 900, 900]);
    random.mockReturnValue(0);
    expect(backoff.next()).toBe(0);
    backoff.reset();
    random.mockReturnValue(0.9);
    expect(backoff.next()).toBe(90);
  });
});

describe('nodes that are put off', () => {
  let now = 0;
  let putOff: PutOff;

  beforeEach(() => {
    now = 5_000;
    putOff = new PutOff(() => now);
    for (let index = 0; index < 10_000; index += 1) putOff.add(`edge-${index}`);
  });

  it('are put off for longer, the more of them wait', () => {
    expect(new PutOff(() => now).add('edge-0')).toBe(500);
    expect(putOff.add('one-more')).toBe(20_000);
  });

  it('do not count when they have been served, or do not come back', () => {
    for (let index = 0; index < 5_000; index += 1) putOff.remove(`edge-${index}`);
    expect(putOff.add('one-more')).toBe(10_000);
    now += 60_000;
    expect(putOff.add('one-more')).toBe(500);
  });
});

describe('the status reporter', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  it('sends at once, then at most every 50 ms with the last word told, and every 5 s in any case', () => {
    const sent: number[] = [];
    const start = performance.now();
    const reporter = new StatusReporter(() => sent.push(performance.now() - start));
    for (let count = 0; count < 12; count += 1) {
      reporter.report();
      vi.advanceTimersByTime(10);
    }
    expect(sent).toEqual([0, 50, 100]);
    vi.advanceTimersByTime(30);
    expect(sent).toEqual([0, 50, 100, 150]);
    vi.advanceTimersByTime(10_000);
    expect(sent).toEqual([0, 50, 100, 150, 5_150, 10_150]);
    reporter.stop();
    reporter.report();
    vi.advanceTimersByTime(10_000);
    expect(sent).toHaveLength(6);
  });

  it('answers whoever asks in time, or sooner when something changes', () => {
    const sent: number[] = [];
    const start = performance.now();
    const reporter = new StatusReporter(() => sent.push(performance.now() - start));
    reporter.report();
    reporter.report(800);
    reporter.report(300);
    reporter.report(900);
    vi.advanceTimersByTime(1_000);
    expect(sent).toEqual([0, 300]);
    reporter.report(500);
    vi.advanceTimersByTime(100);
    reporter.report();
    vi.advanceTimersByTime(1_000);
    expect(sent).toEqual([0, 300, 1_100]);
    reporter.stop();
  });
});
