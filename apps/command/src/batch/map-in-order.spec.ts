import { setImmediate as tick } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { linesOf } from './lines.js';
import { mapInOrder } from './map-in-order.js';

async function* numbers(count: number): AsyncGenerator<number> {
  for (let number = 0; number < count; number += 1) yield number;
}

/** Work that ends when the test says so. */
class Work {
  readonly begun: number[] = [];
  readonly #end = new Map<number, () => void>();

  readonly do = (item: number): Promise<number> => {
    this.begun.push(item);
    return new Promise((resolve) => this.#end.set(item, () => resolve(item)));
  };

  async end(item: number): Promise<void> {
    this.#end.get(item)!();
    await tick();
  }
}

describe('mapInOrder', () => {
  it('yields results in the order of the items, however they end', async () => {
    const work = new Work();
    const results = mapInOrder(numbers(3), 3, work.do);
    const all = Array.fromAsync(results);
    await tick();
    for (const item of [2, 0, 1]) await work.end(item);
    expect(await all).toEqual([0, 1, 2]);
  });

  it('works on so many at a time, and takes no more while nobody takes the results', async () => {
    const work = new Work();
    const results = mapInOrder(numbers(10), 2, work.do);
    const first = results.next();
    await tick();
    expect(work.begun).toEqual([0, 1]);
    await work.end(0);
    expect(await first).toEqual({ done: false, value: 0 });
    await work.end(1);
    expect(work.begun).toEqual([0, 1]);
    void results.next();
    await tick();
    expect(work.begun).toEqual([0, 1, 2]);
  });

  it('yields a result while the next item is still to come', async () => {
    async function* slow(): AsyncGenerator<number> {
      yield 0;
      await new Promise(() => undefined);
    }
    const results = mapInOrder(slow(), 2, (item) => Promise.resolve(item));
    expect(await results.next()).toEqual({ done: false, value: 0 });
  });

  it('waits, when it is left early, for what was begun', async () => {
    const work = new Work();
    const results = mapInOrder(numbers(3), 3, work.do);
    const first = results.next();
    await tick();
    await work.end(0);
    await first;
    let left = false;
    const leaving = results.return(undefined).then(() => (left = true));
    await work.end(1);
    expect(left).toBe(false);
    await work.end(2);
    await leaving;
  });

  it('ends with the failure of its source, once the results before it are taken', async () => {
    async function* failing(): AsyncGenerator<number> {
      yield 0;
      throw new Error('cut off');
    }
    const results = mapInOrder(failing(), 1, (item) => Promise.resolve(item));
    expect(await results.next()).toEqual({ done: false, value: 0 });
    await expect(results.next()).rejects.toThrow('cut off');
  });
});

describe('linesOf', () => {
  async function lines(chunks: string[], maxBytes = 10): Promise<(string | undefined)[]> {
    async function* stream(): AsyncGenerator<Buffer> {
      for (const chunk of chunks) yield Buffer.from(chunk);
    }
    return (await Array.fromAsync(linesOf(stream(), maxBytes))).map((line) => line?.toString());
  }

  it('finds lines wherever the chunks end', async () => {
    expect(await lines(['a', 'b\n', '\nc\nd', 'e'])).toEqual(['ab', '', 'c', 'de']);
  });

  it('leaves out a line that is too long, and goes on', async () => {
    expect(await lines(['12345678', '90123\nshort\n', '12345678901'])).toEqual([
      undefined,
      'short',
      undefined,
    ]);
  });
});
