import { Etcd3 } from 'etcd3';
import { allArrived, Arrivals } from '../harness/arrivals.js';
import { serve } from '../harness/remote.js';
import { KEY, type Watchers } from './watchers.js';

/** Clients of one process would share a connection otherwise. */
const OWN_CONNECTION = { 'grpc.use_local_subchannel_pool': 1 };
const watchers: Arrivals[] = [];

async function watch(url: string): Promise<Arrivals> {
  const arrivals = new Arrivals();
  const watcher = await new Etcd3({ hosts: url, grpcOptions: OWN_CONNECTION }).watch().key(KEY).create();
  watcher.on('put', () => arrivals.take());
  return arrivals;
}

serve<Watchers>({
  async start({ url, count }) {
    for (let i = 0; i < count; i += 1) watchers.push(await watch(url));
  },
  received: ({ messages }) => allArrived(watchers, messages),
});
