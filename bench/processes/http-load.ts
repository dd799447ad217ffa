import { RawHttp } from '../harness/raw-http.js';
import { serve } from '../harness/remote.js';

/** Where commands go; `{id}` in the path stands for a resource. */
export interface Endpoint {
  port: number;
  path: string;
  /** How far apart the resources are that get commands; 1 if not given. */
  stride?: number;
}

/** Sends commands that switch WebSockets off and on: none of them without effect. */
export interface HttpLoad {
  /** One at a time, an even number; the milliseconds that each took. */
  latencies(argument: { to: Endpoint; count: number; resources: number }): Promise<number[]>;
  /** So many connections at once, each with a resource of its own, for so long; commands per second. */
  throughput(argument: { to: Endpoint; connections: number; ms: number }): Promise<number>;
}

function body(enabled: boolean): string {
  return JSON.stringify({ enabled, reason: 'bench' });
}

async function send(http: RawHttp, to: Endpoint, resource: number, enabled: boolean): Promise<void> {
  const id = `r-${resource * (to.stride ?? 1)}`;
  const status = await http.request('PUT', to.path.replace('{id}', id), body(enabled));
  if (status !== 200 || !http.body.includes('"changed":true')) throw new Error(`${status}: ${http.body}`);
}

serve<HttpLoad>({
  async latencies({ to, count, resources }) {
    const http = await RawHttp.connect(to.port);
    const samples: number[] = [];
    for (let i = 0; i < count; i += 1) {
      const started = performance.now();
      await send(http, to, (i >> 1) % resources, i % 2 === 1);
      samples.push(performance.now() - started);
    }
    http.close();
    return samples;
  },

  async throughput({ to, connections, ms }) {
    const clients = await Promise.all(Array.from({ length: connections }, () => RawHttp.connect(to.port)));
    const started = performance.now();
    let done = 0;
    const work = async (http: RawHttp, resource: number) => {
      let enabled = false;
      for (; performance.now() - started < ms || enabled; done += 1, enabled = !enabled)
        await send(http, to, resource, enabled);
    };
    await Promise.all(clients.map(work));
    const seconds = (performance.now() - started) / 1_000;
    for (const http of clients) http.close();
    return done / seconds;
  },
});
