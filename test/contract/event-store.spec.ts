import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryEventStore, SqliteEventStore } from '#event-store';
import { eventStoreContract } from './event-store.contract.js';

eventStoreContract('memory', async () => ({ store: new MemoryEventStore(), dispose: async () => {} }));

eventStoreContract('sqlite', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'upgate-log-'));
  const open = () => SqliteEventStore.open({ file: join(folder, 'events.sqlite') });
  let store = await open();
  return {
    store,
    reopen: async () => {
      await store.close();
      store = await open();
      return store;
    },
    dispose: async () => {
      await store.close();
      await rm(folder, { recursive: true });
    },
  };
});
