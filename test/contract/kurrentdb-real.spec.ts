import { randomUUID } from 'node:crypto';
import { describe } from 'vitest';
import { KurrentDBEventStore } from '../../libs/event-store/src/kurrentdb/kurrentdb-event-store.js';
import { namespaced } from '../support/kurrentdb/namespaced.js';
import { KurrentServer } from '../support/kurrentdb/server.js';
import { eventStoreContract } from './event-store.contract.js';
import { kurrentAssumptions } from './kurrentdb-assumptions.contract.js';

/** The address of a KurrentDB that is for tests alone: what is appended to it stays. */
const address = process.env['UPGATE_TEST_KURRENTDB'];

describe.runIf(address)('a real server', () => {
  const real = async () => ({ address: address ?? '', dispose: () => undefined });
  eventStoreContract('kurrentdb, a real server', () => shared(address ?? ''));
  kurrentAssumptions('a real server', real);
});

describe('the test server', () => {
  kurrentAssumptions('the test server', async () => {
    const server = await KurrentServer.start();
    return { address: server.address, dispose: () => server.stop() };
  });
});

async function shared(at: string) {
  const epoch: string = randomUUID();
  const log = { space: `t${epoch}-`, epoch };
  const open = async () => namespaced(await KurrentDBEventStore.open({ address: at }), log);
  let store = await open();
  return {
    store,
    reopen: async () => {
      await store.close();
      return (store = await open());
    },
    dispose: () => store.close(),
  };
}
