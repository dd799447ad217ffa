import { createInterface } from 'node:readline';
import { SqliteEventStore } from '#event-store';
import { newEvent } from './events.js';

// A process of its own that appends to a log: `append <stream> <expected>` on standard input, an answer on standard output.
const store = await SqliteEventStore.open({ file: process.argv[2]! });
console.log('open');
for await (const line of createInterface({ input: process.stdin })) {
  const [stream = '', expected = ''] = line.split(' ');
  const revision = expected === 'none' || expected === 'any' ? expected : Number(expected);
  void store.append(stream, revision, [newEvent('FromAnotherProcess')]).then(
    ({ position }) => console.log(`appended ${stream} ${position}`),
    (error: Error) => console.log(`refused ${stream} ${error.name}`),
  );
}
await store.close();
