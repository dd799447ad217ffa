import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { FeedChange, FeedHandler, FeedTrace, Outcome } from '#edge-feed';
import { createLogger, startTracing } from '#platform';
import { OtlpCollector } from '../../../test/support/otlp-collector.js';
import { tracedHandler } from './observe.js';

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const PARENT_ID = 'b7ad6b7169203331';
const TRACE: FeedTrace = { traceparent: `00-${TRACE_ID}-${PARENT_ID}-01` };

/** What becomes of any change. */
function handlerThat(answers: () => Promise<Outcome>): FeedHandler {
  return {
    at: () => ({ epoch: 'e', position: 6n, digest: '' }),
    applyChange: answers,
    applySnapshot: answers,
  };
}

function change(trace?: FeedTrace): FeedChange {
  return { epoch: 'e', previous: 6n, position: 7n, digest: '', changes: [], ...(trace && { trace }) };
}

describe('a handler while traces are sent', () => {
  let collector: OtlpCollector;
  let stopTracing: () => Promise<void>;

  beforeEach(async () => {
    collector = await OtlpCollector.start();
    vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', collector.endpoint);
    stopTracing = await startTracing('upgate-edge-agent', createLogger('test', 'json', 'silent'));
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await collector.stop();
  });

  it.each<[string, Outcome]>([
    ['applied', 'applied'],
    ['drifted', 'drifted'],
    ['refused', { refused: 'too many hostnames' }],
  ])('applies a change in a span that tells what became of it: %s', async (name, outcome) => {
    const handler = tracedHandler(
      handlerThat(() => Promise.resolve(outcome)),
      'blue',
      'edge-1',
    );
    expect(await handler.applyChange(change(TRACE))).toEqual(outcome);
    await stopTracing();
    expect(collector.spans).toMatchObject([
      {
        traceId: TRACE_ID,
        parentId: PARENT_ID,
        name: 'process upgate.blue.change',
        attributes: { 'upgate.node': 'edge-1', 'upgate.position': '7', 'upgate.outcome': name },
      },
    ]);
  });

  it('ends the span of a change that fails', async () => {
    const handler = tracedHandler(
      handlerThat(() => Promise.reject(new Error('no'))),
      'blue',
      'edge-1',
    );
    await expect(handler.applyChange(change(TRACE))).rejects.toThrow('no');
    await stopTracing();
    expect(collector.spans).toHaveLength(1);
  });

  it('makes no span of a change that is in no trace', async () => {
    const handler = tracedHandler(
      handlerThat(() => Promise.resolve('applied')),
      'blue',
      'edge-1',
    );
    await handler.applyChange(change());
    await stopTracing();
    expect(collector.spans).toEqual([]);
  });
});

it('is left as it is while no traces are sent', () => {
  const handler = handlerThat(() => Promise.resolve('applied'));
  expect(tracedHandler(handler, 'blue', 'edge-1')).toBe(handler);
});
