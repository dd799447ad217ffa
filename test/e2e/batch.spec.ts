import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/condition.js';
import { handshakeStatus } from '../support/edge-client.js';
import { Origin } from '../support/origin.js';
import { Upgate } from '../support/upgate.js';

const BATCHES = 10;
const BATCH_SIZE = 10_000;

interface ItemResult {
  index: number;
  status: number;
  answer?: { position: string };
}

describe('100,000 resources registered through batch', () => {
  let upgate: Upgate;
  let origin: Origin;

  beforeAll(async () => {
    [upgate, origin] = await Promise.all([Upgate.start(), Origin.start()]);
  });
  afterAll(async () => {
    await Promise.all([upgate?.remove(), origin?.stop()]);
  });

  async function send(path: string, items: object[]): Promise<ItemResult[]> {
    const response = await fetch(`${upgate.api}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson' },
      body: items.map((item) => JSON.stringify(item)).join('\n'),
    });
    expect(response.status).toBe(200);
    const results: ItemResult[] = [];
    for await (const line of createInterface({ input: Readable.fromWeb(response.body as ReadableStream) })) {
      results.push(JSON.parse(line) as ItemResult);
    }
    return results;
  }

  const integration = (index: number) => (index % 3 === 0 ? 'partial' : 'full');
  const resource = (index: number) => ({
    id: `r${index}`,
    cname: `r${index}.test`,
    origin: origin.url,
    integration: integration(index),
  });

  it('are every one right at the edge', async () => {
    for (let batch = 0; batch < BATCHES; batch += 1) {
      const items = Array.from({ length: BATCH_SIZE }, (_, index) => resource(batch * BATCH_SIZE + index));
      const results = await send('/v1/resources:batch', items);
      expect(results.map(({ index }) => index)).toEqual(items.map((_, index) => index));
      expect(results.filter(({ status }) => status !== 201)).toEqual([]);
    }
    await upgate.command('PUT', '/v1/resources/r0/websockets', { enabled: true });
    const [edge] = await upgate.edges();
    expect(edge).toMatchObject({ verdict: 'same', state: 'live' });
    expect(await handshakeStatus(upgate.edge, 'r0.test')).toBe(101);
    for (let index = 1; index < BATCHES * BATCH_SIZE; index += 499) {
      expect(await handshakeStatus(upgate.edge, `r${index}.test`)).toBe(
        integration(index) === 'full' ? 101 : 403,
      );
    }
  }, 300_000);

  it('are switched off together, and listed to the last page', async () => {
    const items = Array.from({ length: BATCH_SIZE }, (_, index) => ({ id: `r${index}`, enabled: false }));
    const results = await send('/v1/websockets:batch', items);
    expect(results.filter(({ status }) => status !== 200)).toEqual([]);
    const last = results.at(-1)!.answer!.position;
    await eventually('the edge to have applied the batch', async () =>
      (await upgate.edges()).every(({ position }) => BigInt(position) >= BigInt(last)),
    );
    expect(await handshakeStatus(upgate.edge, 'r1.test')).toBe(403);
    let listed = 0;
    let next: string | null = null;
    do {
      const cursor: string = next === null ? '' : `&cursor=${encodeURIComponent(next)}`;
      const page = await upgate.call<{ items: unknown[]; next: string | null }>(
        'GET',
        `/v1/resources?limit=1000&websockets=off${cursor}`,
      );
      listed += page.body.items.length;
      next = page.body.next;
    } while (next !== null);
    const off = Array.from({ length: BATCHES * BATCH_SIZE }, (_, index) => index).filter(
      (index) => index < BATCH_SIZE || integration(index) === 'partial',
    );
    expect(listed).toBe(off.length);
  }, 120_000);
});
