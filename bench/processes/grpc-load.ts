import { GrpcClient } from '../../test/support/grpc-client.js';
import { serve } from '../harness/remote.js';

/** Sends commands that switch WebSockets off and on: none of them without effect. */
export interface GrpcLoad {
  /** So many calls at once, each with a resource of its own, `stride` apart, for so long; commands per second. */
  throughput(argument: { port: number; calls: number; ms: number; stride?: number }): Promise<number>;
}

async function send(client: GrpcClient, resource: number, enabled: boolean): Promise<void> {
  const request = { id: `r-${resource}`, enabled, reason: 'bench' };
  const { changed } = await client.call<{ changed: boolean }>('SetWebsockets', request);
  if (!changed) throw new Error(`the command changed nothing: ${JSON.stringify(request)}`);
}

serve<GrpcLoad>({
  async throughput({ port, calls, ms, stride = 1 }) {
    const client = new GrpcClient(
      `127.0.0.1:${port}`,
      'upgate.v1.CommandService',
      'upgate/v1/command_service.proto',
    );
    const started = performance.now();
    let done = 0;
    const work = async (resource: number) => {
      let enabled = false;
      for (; performance.now() - started < ms || enabled; done += 1, enabled = !enabled)
        await send(client, resource * stride, enabled);
    };
    await Promise.all(Array.from({ length: calls }, (_, resource) => work(resource)));
    const seconds = (performance.now() - started) / 1_000;
    client.close();
    return done / seconds;
  },
});
