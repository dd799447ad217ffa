import { fdatasync, openSync, write } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import fastify from 'fastify';
import { serve } from '../harness/remote.js';

const writeTo = promisify(write);
const sync = promisify(fdatasync);

/** How many lines of a batch are written and synced together. */
const GROUP = 256;

/**
 * The floor of the HTTP interface: a route that answers, one that first writes its body and syncs the disk, and one that
 * does so with the lines of NDJSON, group by group.
 */
export interface BareFastify {
  listen(argument: { file: string }): Promise<number>;
}

serve<BareFastify>({
  async listen({ file }) {
    const descriptor = openSync(file, 'a');
    const app = fastify();
    app.put('/answer', async () => ({ changed: true }));
    app.addContentTypeParser('application/x-ndjson', (_request, payload, done) => done(null, payload));
    const record = async (body: unknown) => {
      await writeTo(descriptor, `${JSON.stringify(body)}\n`);
      await sync(descriptor);
      return { changed: true };
    };
    app.put('/durable', (request) => record(request.body));
    const recordLines = async (body: Readable) => {
      for await (const group of groupsOf(body)) await record(group);
      return { changed: true };
    };
    app.post('/lines', (request) => recordLines(request.body as Readable));
    return Number(new URL(await app.listen({ host: '127.0.0.1', port: 0 })).port);
  },
});

async function* groupsOf(body: Readable): AsyncGenerator<unknown[]> {
  let group: unknown[] = [];
  for await (const line of createInterface({ input: body })) {
    if (group.push(JSON.parse(line)) < GROUP) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
}
