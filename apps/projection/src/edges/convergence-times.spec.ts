import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import type { RecordedEvent } from '#event-store';
import { ConvergenceTimes } from './convergence-times.js';

/** Nodes by what they have applied, as the registry knows them. */
class Fleet {
  readonly events = new EventEmitter<{ changed: [node: string] }>();
  readonly #applied = new Map<string, bigint>();

  applied(node: string, position: number | undefined): void {
    if (position === undefined) this.#applied.delete(node);
    else this.#applied.set(node, BigInt(position));
    this.events.emit('changed', node);
  }

  anyLive(): boolean {
    return this.#applied.size > 0;
  }

  lacks(node: string, position: bigint): boolean {
    return (this.#applied.get(node) ?? position) < position;
  }

  findLacking(position: bigint): string | undefined {
    return this.#applied.keys().find((node) => this.lacks(node, position));
  }
}

function measure(nodes: Record<string, number>) {
  const fleet = new Fleet();
  for (const [node, position] of Object.entries(nodes)) fleet.applied(node, position);
  const seconds: number[] = [];
  return { fleet, seconds, times: new ConvergenceTimes(fleet, (one) => seconds.push(one)) };
}

/** Recorded so many seconds ago. */
function event(position: number, ago: number): RecordedEvent {
  const metadata = {
    schemaVersion: 1,
    time: new Date(Date.now() - ago * 1_000).toISOString(),
    actor: { id: 'someone', kind: 'user' },
    commandId: 'c',
    correlationId: 'c',
    causationId: 'c',
  };
  return {
    id: `id-${position}`,
    stream: 's',
    revision: 1,
    position: BigInt(position),
    type: 't',
    data: {},
    metadata,
  };
}

describe('the time of convergence', () => {
  it('is measured once, when the last live node has applied the position', () => {
    const { fleet, times, seconds } = measure({ one: 0, two: 0 });
    times.recorded([event(1, 10)]);
    fleet.applied('one', 1);
    expect(seconds).toEqual([]);
    expect(times.oldest).toBeGreaterThanOrEqual(10);
    fleet.applied('two', 1);
    fleet.applied('two', 2);
    expect(seconds.map(Math.floor)).toEqual([10]);
    expect(times.oldest).toBe(0);
  });

  it('is measured for every event, however the nodes get there', () => {
    const { fleet, times, seconds } = measure({ one: 0, two: 0 });
    times.recorded([event(1, 50), event(2, 40), event(3, 30)]);
    times.recorded([event(4, 20), event(5, 10)]);
    fleet.applied('one', 5);
    fleet.applied('two', 3);
    expect(seconds.map(Math.floor)).toEqual([50, 40, 30]);
    fleet.applied('two', 5);
    expect(seconds.map(Math.floor)).toEqual([50, 40, 30, 20, 10]);
  });

  it('is measured also when the nodes were told by another replica, before this one folded the event', () => {
    const { times, seconds } = measure({ one: 7 });
    times.recorded([event(7, 1)]);
    expect(seconds).toHaveLength(1);
  });

  it('does not wait for a node that falls silent or is forgotten', () => {
    const { fleet, times, seconds } = measure({ one: 0, two: 0 });
    times.recorded([event(1, 1)]);
    fleet.applied('one', 1);
    fleet.applied('two', undefined);
    expect(seconds).toHaveLength(1);
  });

  it('waits for a node that joins meanwhile', () => {
    const { fleet, times, seconds } = measure({ one: 0 });
    times.recorded([event(1, 1)]);
    fleet.applied('late', 0);
    fleet.applied('one', 1);
    expect(seconds).toEqual([]);
    fleet.applied('late', 1);
    expect(seconds).toHaveLength(1);
  });

  it('is not measured while no node is live', () => {
    const { fleet, times, seconds } = measure({});
    times.recorded([event(1, 100)]);
    fleet.applied('first', 1);
    expect(seconds).toEqual([]);
    expect(times.oldest).toBe(0);
  });

  it('is never negative, whatever the clock of the writer says', () => {
    const { times, seconds } = measure({ one: 1 });
    times.recorded([event(1, -3_600)]);
    expect(seconds).toEqual([0]);
  });
});
