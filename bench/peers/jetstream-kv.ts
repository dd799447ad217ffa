import { jetstream, StorageType } from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import { connect } from '@nats-io/transport-node';
import { BUCKET, KEY } from './watchers.js';

/** Makes a bucket that is kept in files; what puts a value into it, and resolves when the server has answered. */
export async function openBucket(
  url: string,
  stack: AsyncDisposableStack,
): Promise<(value: Uint8Array) => Promise<void>> {
  const connection = await connect({ servers: url });
  stack.defer(() => connection.close());
  const bucket = await new Kvm(jetstream(connection)).create(BUCKET, { storage: StorageType.File });
  return async (value) => void (await bucket.put(KEY, value));
}
