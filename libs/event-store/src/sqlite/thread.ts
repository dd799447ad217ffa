import { Worker } from 'node:worker_threads';
import { StoreCorrupt, StoreUnavailable } from '../event-store.js';
import type { Failure, Opened, ThreadData } from './protocol.js';

/** From the sources (run by Node's own type stripping) as well as from the build. */
const EXTENSION = import.meta.url.endsWith('.ts') ? 'ts' : 'js';

export interface Thread {
  worker: Worker;
  epoch: string;
  head: bigint;
}

/** Starts a thread of the log and waits until it has the file open. Throws StoreCorrupt or StoreUnavailable. */
export async function startThread(name: 'writer' | 'reader', workerData: ThreadData): Promise<Thread> {
  const worker = new Worker(new URL(`./${name}.${EXTENSION}`, import.meta.url), {
    workerData,
    name: `log-${name}`,
  });
  const opened = await new Promise<Opened>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  if (!('failure' in opened)) return { worker, ...opened };
  await worker.terminate();
  throw asError(opened.failure);
}

export function asError({ kind, message }: Failure): StoreCorrupt | StoreUnavailable {
  return kind === 'corrupt' ? new StoreCorrupt(message) : new StoreUnavailable(message);
}
