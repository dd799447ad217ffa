import { jetstream, StorageType } from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import { connect } from '@nats-io/transport-node';
import { BUCKET, KEY } from './watchers.js';

/** Makes a bucket that is kept in files; what puts a value into it, and resolves when the server has answered. */
export async function openBucket(
  url: string,
  stack: AsyncDisposableStack,
): Promise<(value: Uint8Array, key?: string) => Promise<void>> {
  const connection = await connect({ servers: url });
  stack.defer(() => connection.close());
  const bucket = await new Kvm(jetstream(connection)).create(BUCKET, { storage: StorageType.File });
  return async (value, key = KEY) => void (await bucket.put(key, value));
}

const AT_ONCE = 2_000;
const TOLD_EVERY = 50_000;

/** Puts values into the bucket of `openBucket`, which come as pairs of a key and its value. */
export async function fillBucket(
  url: string,
  values: Iterable<[key: string, value: Uint8Array]>,
  progress: (text: string) => void,
): Promise<void> {
  const connection = await connect({ servers: url });
  const bucket = await new Kvm(jetstream(connection)).open(BUCKET);
  let waiting: Promise<unknown>[] = [];
  let count = 0;
  for (const [key, value] of values) {
    if (waiting.push(bucket.put(key, value)) < AT_ONCE) continue;
    await Promise.all(waiting);
    count += waiting.length;
    waiting = [];
    if (count % TOLD_EVERY === 0) progress(`${count} values are in JetStream KV`);
  }
  await Promise.all(waiting);
  await connection.close();
}
