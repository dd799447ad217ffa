import { Kvm } from '@nats-io/kv';
import { connect } from '@nats-io/transport-node';
import { allArrived, Arrivals } from '../harness/arrivals.js';
import { serve } from '../harness/remote.js';
import { BUCKET, KEY, type Watchers } from './watchers.js';

const watchers: Arrivals[] = [];

async function watch(url: string): Promise<Arrivals> {
  const bucket = await new Kvm(await connect({ servers: url })).open(BUCKET);
  const entries = await bucket.watch({ key: KEY, include: 'updates' });
  const arrivals = new Arrivals();
  void (async () => {
    for await (const _ of entries) arrivals.take();
  })();
  return arrivals;
}

serve<Watchers>({
  async start({ url, count }) {
    for (let i = 0; i < count; i += 1) watchers.push(await watch(url));
  },
  received: ({ messages }) => allArrived(watchers, messages),
});
