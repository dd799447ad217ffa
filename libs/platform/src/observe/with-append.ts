import type { EventStore } from '#event-store';

/** A store that is another one in all but how it appends. */
export function withAppend(store: EventStore, append: EventStore['append']): EventStore {
  return {
    append,
    epoch: () => store.epoch(),
    head: () => store.head(),
    readStream: (stream, options) => store.readStream(stream, options),
    readAll: (options) => store.readAll(options),
    subscribe: (options) => store.subscribe(options),
    close: () => store.close(),
  };
}
