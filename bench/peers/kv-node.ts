import { Kvm } from '@nats-io/kv';
import { connect } from '@nats-io/transport-node';
import { footprintOf, type Footprint } from '../harness/footprint.js';
import { serve } from '../harness/remote.js';
import { PlainPolicy } from '../harness/settings.js';
import { BUCKET } from './watchers.js';

/** A node that has its policy from a bucket, which holds a record for each resource. */
export interface KvNode {
  /** Watches all keys; resolves when it has the policy of so many hostnames. */
  join(argument: { url: string; hostnames: number }): Promise<Footprint>;
}

const policy = new PlainPolicy();

async function watched(url: string, hostnames: number): Promise<number> {
  const bucket = await new Kvm(await connect({ servers: url })).open(BUCKET);
  const entries = await bucket.watch();
  for await (const { value } of entries) {
    policy.take(Buffer.from(value));
    if (policy.hostnames === hostnames) break;
  }
  return performance.now();
}

serve<KvNode>({
  join: ({ url, hostnames }) =>
    footprintOf(
      async () => (await connect({ servers: url })).close(),
      () => watched(url, hostnames),
    ),
});
