import { setTimeout as delay } from 'node:timers/promises';
import type { EdgeJson } from '#contract';
import type { EventStore } from '#event-store';
import { eventually } from '../support/condition.js';
import { RECOVERY_MS } from './check.js';
import type { Cluster } from './cluster.js';
import type { Recovery } from './history.js';

const START_MS = 30_000;
const PATIENCE_MS = 2_000;
/** How long one that is late is waited for, to tell late from never. */
const GIVE_UP_MS = 3 * RECOVERY_MS;

/** Resolves when every process takes requests. */
export async function whenAllAnswer({ health }: Cluster): Promise<void> {
  await Promise.all(
    health.map((address) =>
      eventually(`${address} to answer`, async () => (await get(`${address}/livez`)).ok, START_MS),
    ),
  );
}

/** Waits until both projections are at the head of the log and find the same digest at every node. */
export async function recover(
  cluster: Cluster,
  store: EventStore,
  healedAt: number,
): Promise<Omit<Recovery, 'round'>> {
  const head = await store.head();
  for (;;) {
    const missing = await missingOf(cluster, head).catch((error: unknown) => String(error));
    const tookMs = performance.now() - healedAt;
    if (missing === undefined) return { tookMs };
    if (tookMs > GIVE_UP_MS) return { tookMs, missing };
    await delay(50);
  }
}

async function missingOf({ projections, edges }: Cluster, head: bigint): Promise<string | undefined> {
  const digests = new Set<string>();
  for (const projection of projections) {
    const response = await get(`${projection}/v1/edges?after=${head}`);
    if (!response.ok) return `${projection} answers ${response.status}: ${await response.text()}`;
    const { items } = (await response.json()) as { items: EdgeJson[] };
    const current = items.filter(
      ({ state, verdict, instances }) => state === 'live' && verdict === 'same' && instances === 1,
    );
    if (current.length < edges.length) return `by ${projection}: ${JSON.stringify(items)}`;
    for (const { digest } of current) digests.add(digest);
  }
  return digests.size > 1 ? `the projections have different digests: ${[...digests].join(', ')}` : undefined;
}

function get(url: string): Promise<Response> {
  return fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS) });
}
