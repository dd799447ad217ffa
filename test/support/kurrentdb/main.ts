import { createInterface } from 'node:readline';
import type { Order, Standing } from './control.js';
import { KurrentServer } from './server.js';

// The test server as a process of its own: orders on standard input, how it stands on standard output.
const server = await KurrentServer.start();
tell();
for await (const line of createInterface({ input: process.stdin })) {
  await obey(JSON.parse(line) as Order);
  tell();
}
server.stop();

async function obey(order: Order): Promise<void> {
  switch (order.do) {
    case 'fault':
      server.faults.push(order.fault);
      return;
    case 'forgive':
      server.faults.length = 0;
      return;
    case 'lead':
      server.leading = order.leading;
      return;
    case 'drop':
      return server.dropConnections();
    case 'stop':
      return server.stop();
    case 'listen':
      return server.listen();
    case 'look':
      return;
    default:
      return order satisfies never;
  }
}

function tell(): void {
  const streams: Record<string, number> = {};
  for (const { stream } of server.log.events) streams[stream] = (streams[stream] ?? 0) + 1;
  const standing: Standing = { port: server.port, streams, faults: server.faults.length };
  process.stdout.write(`${JSON.stringify(standing)}\n`);
}
