import { fdatasync, openSync, write } from 'node:fs';
import { promisify } from 'node:util';
import fastify from 'fastify';
import { serve } from '../harness/remote.js';

const writeTo = promisify(write);
const sync = promisify(fdatasync);

/** The floor of the HTTP interface: a route that answers, and one that first writes its body and syncs the disk. */
export interface BareFastify {
  listen(argument: { file: string }): Promise<number>;
}

serve<BareFastify>({
  async listen({ file }) {
    const descriptor = openSync(file, 'a');
    const app = fastify();
    app.put('/answer', async () => ({ changed: true }));
    const record = async (body: unknown) => {
      await writeTo(descriptor, `${JSON.stringify(body)}\n`);
      await sync(descriptor);
      return { changed: true };
    };
    app.put('/durable', (request) => record(request.body));
    return Number(new URL(await app.listen({ host: '127.0.0.1', port: 0 })).port);
  },
});
