import { subscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';

/** What a policy costs the process that has got it. */
export interface Footprint {
  /** Milliseconds from nothing to the whole policy. */
  ms: number;
  /** Received over all connections of TCP, protocol included. */
  wireBytes: number;
  /** Of memory that are in use for it, on the heap and off it. */
  memoryBytes: number;
}

const sockets: Socket[] = [];
subscribe('net.client.socket', (message) => sockets.push((message as { socket: Socket }).socket));

/**
 * Tells what the work cost, which tells when it had the whole policy (of the clock of `performance`). `before`: what a
 * process does that has no policy, so that what it takes anyway is not counted. It is done twice: V8 compiles a regular
 * expression when it is used again, and Node has large ones.
 */
export async function footprintOf(
  before: () => Promise<void>,
  work: () => Promise<number>,
): Promise<Footprint> {
  await before();
  await before();
  sockets.length = 0;
  const memory = await memoryInUse();
  const started = performance.now();
  const ended = await work();
  const wireBytes = sockets.reduce((sum, { bytesRead }) => sum + bytesRead, 0);
  return { ms: ended - started, wireBytes, memoryBytes: (await memoryInUse()) - memory };
}

/** After all that is garbage has been collected. */
async function memoryInUse(): Promise<number> {
  for (let times = 0; times < 3; times += 1) {
    globalThis.gc?.();
    await setImmediate();
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
