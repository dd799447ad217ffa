/**
 * Works on up to `concurrency` items at a time, begun in their order. Yields the results in the order of the items,
 * each as soon as it and those before it are there, and takes no new item while nobody takes the results. Ends, also when
 * it is left early, once all that was begun has.
 */
export async function* mapInOrder<Item, Result>(
  items: AsyncIterable<Item>,
  concurrency: number,
  work: (item: Item, index: number) => Promise<Result>,
): AsyncGenerator<Result> {
  const source = items[Symbol.asyncIterator]();
  const running: Promise<Result>[] = [];
  let index = 0;
  let next: Promise<IteratorResult<Item>> | undefined = step(source);
  try {
    while (next || running.length > 0) {
      const item = next && running.length < concurrency ? await itemOrResult(next, running[0]) : undefined;
      if (item === undefined) yield await running.shift()!;
      else if (item.done) next = undefined;
      else {
        running.push(work(item.value, index++));
        next = step(source);
      }
    }
  } finally {
    void source.return?.();
    await Promise.allSettled(running);
  }
}

/** A failure is met when the item is awaited, which may be later. */
function step<Item>(source: AsyncIterator<Item>): Promise<IteratorResult<Item>> {
  const next = source.next();
  next.catch(() => undefined);
  return next;
}

/** The next item, or undefined if a result is there first. */
function itemOrResult<Item>(
  next: Promise<IteratorResult<Item>>,
  result: Promise<unknown> | undefined,
): Promise<IteratorResult<Item> | undefined> {
  return result ? Promise.race([next, result.then(() => undefined)]) : next;
}
