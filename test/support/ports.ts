import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

/** Below those that a system gives to outgoing connections, one of which could take a port before it is used. */
const FIRST_PORT = 10_240;
const LAST_PORT = 32_767;

/** Ports of 127.0.0.1 that nobody listened on a moment ago, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Map<number, Server>();
  while (ports.size < count) {
    const port = randomInt(FIRST_PORT, LAST_PORT + 1);
    const server = ports.has(port) ? undefined : await listenerAt(port);
    if (server) ports.set(port, server);
  }
  await Promise.all(ports.values().map((server) => once(server.close(), 'close')));
  return [...ports.keys()];
}

/** Undefined if the port is taken. */
async function listenerAt(port: number): Promise<Server | undefined> {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
    return server;
  } catch {
    return undefined;
  }
}
