import { KurrentDBEventStore } from '../../libs/event-store/src/kurrentdb/kurrentdb-event-store.js';
import { KurrentServer } from '../support/kurrentdb/server.js';
import { eventStoreContract } from './event-store.contract.js';

eventStoreContract('kurrentdb', async () => {
  const server = await KurrentServer.start();
  let store = await KurrentDBEventStore.open({ address: server.address });
  return {
    store,
    reopen: async () => {
      await store.close();
      store = await KurrentDBEventStore.open({ address: server.address });
      return store;
    },
    dispose: async () => {
      await store.close();
      server.stop();
    },
  };
});
