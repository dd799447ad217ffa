import { WrongRevision, type EventStore, type RecordedEvent, type SubscriptionItem } from '#event-store';

type Reading = Parameters<EventStore['readAll']>[0];

/** A log of its own within one that others use and nobody can empty: all of its streams have a prefix of their own. */
export async function namespaced(
  store: EventStore,
  { space, epoch }: { space: string; epoch: string },
): Promise<EventStore> {
  await store.epoch();
  const outside = (options: Reading = {}) => ({ ...options, prefix: space + (options.prefix ?? '') });
  const inside = (event: RecordedEvent) => ({ ...event, stream: event.stream.slice(space.length) });
  return {
    epoch: async () => epoch,
    head: () => store.head(),
    append: (stream, expected, events) =>
      store.append(space + stream, expected, events).catch((error: unknown) => {
        throw error instanceof WrongRevision ? new WrongRevision(stream, expected, error.actual) : error;
      }),
    readStream: (stream, options) => mapped(store.readStream(space + stream, options), inside),
    readAll: (options) => mapped(store.readAll(outside(options)), inside),
    subscribe: ({ signal, ...options }) =>
      mapped(store.subscribe({ ...options, ...outside(options), signal }), (items) =>
        items.map((item): SubscriptionItem =>
          item.kind === 'event' ? { kind: 'event', event: inside(item.event) } : item,
        ),
      ),
    close: () => store.close(),
  };
}

async function* mapped<T, U>(items: AsyncIterable<T>, map: (item: T) => U): AsyncGenerator<U> {
  for await (const item of items) yield map(item);
}
