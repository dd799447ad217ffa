import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below those that a system gives to outgoing connections, one of which could take a port before it is used. */
const FIRST_PORT = 10_240;
const SLICES = 22;
const PORTS_PER_SLICE = 1024;

/** Each of the test runner's workers has a slice of its own, so that none gives out what another is about to use. */
const slice = FIRST_PORT + (Number(process.env.VITEST_POOL_ID ?? 0) % SLICES) * PORTS_PER_SLICE;
let given = randomInt(PORTS_PER_SLICE);

/** Ports of 127.0.0.1 that nobody listens on, none of them given to this process a short while ago. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  while (ports.length < count) {
    const port = slice + (given++ % PORTS_PER_SLICE);
    if (await isFree(port)) ports.push(port);
  }
  return ports;
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  await once(server.close(), 'close');
  return true;
}
