import { SpanKind } from '@opentelemetry/api';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { describe, expect, it } from 'vitest';
import type { FeedTrace } from '#edge-feed';
import type { RecordedEvent } from '#event-store';
import { FoldTraces } from './fold-traces.js';

const SUBJECT = 'upgate.default.change';

function traceId(number: number): string {
  return (number + 1).toString(16).padStart(32, '0');
}

function event(position: number, traceparent?: string): RecordedEvent {
  return {
    id: `id-${position}`,
    stream: 'cdnResource-a',
    revision: position,
    position: BigInt(position),
    type: 'WebsocketsEnabled',
    data: {},
    metadata: {
      schemaVersion: 1,
      time: '2026-01-01T00:00:00.000Z',
      actor: { id: 'someone', kind: 'user' },
      commandId: 'c',
      correlationId: 'c',
      causationId: 'c',
      ...(traceparent !== undefined && { traceparent }),
    },
  };
}

/** An event of a trace of its own. */
function traced(position: number, flags = '01'): RecordedEvent {
  return event(position, `00-${traceId(position)}-00000000000000aa-${flags}`);
}

/** Folds and publishes what lies between two positions, and gives what was sent with it, and the spans. */
function publish(events: RecordedEvent[], previous: number, position: number) {
  const exporter = new InMemorySpanExporter();
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
  const traces = new FoldTraces(provider.getTracer('test'), SUBJECT);
  const sent: (FeedTrace | undefined)[] = [];
  traces.folded({ events, begun: performance.now() });
  const move = { previous: BigInt(previous), position: BigInt(position), digest: '', changes: [] };
  traces.publish(move, (trace) => sent.push(trace));
  return { sent, spans: exporter.getFinishedSpans() };
}

describe('the traces of events', () => {
  it('go on through the fold into the change', () => {
    const { sent, spans } = publish([traced(1)], 0, 1);
    const [fold, send] = spans;
    expect(fold).toMatchObject({ name: 'process log', kind: SpanKind.CONSUMER });
    expect(fold!.parentSpanContext?.spanId).toBe('00000000000000aa');
    expect(send).toMatchObject({ name: `send ${SUBJECT}`, kind: SpanKind.PRODUCER });
    expect(send!.parentSpanContext?.spanId).toBe(fold!.spanContext().spanId);
    expect(sent).toEqual([{ traceparent: `00-${traceId(1)}-${send!.spanContext().spanId}-01` }]);
  });

  it('are linked to the change that they share, each once, at most 32 of them', () => {
    const events = [
      ...Array.from({ length: 40 }, (_, number) => traced(number + 1)),
      event(41, traced(1).metadata.traceparent),
    ];
    for (const span of publish(events, 0, 41).spans) {
      expect(span.spanContext().traceId).toBe(traceId(1));
      expect(span.links.map(({ context }) => context.traceId)).toEqual(
        Array.from({ length: 31 }, (_, number) => traceId(number + 2)),
      );
    }
  });

  it('belong to the change that their events are in', () => {
    const { spans } = publish([traced(1), traced(2), traced(3)], 1, 2);
    expect(spans.map((span) => [span.spanContext().traceId, span.links])).toEqual([
      [traceId(2), []],
      [traceId(2), []],
    ]);
  });

  it.each([
    ['none', event(1)],
    ['one that is malformed', event(1, '00-xyz')],
    ['one that is all zeros', event(1, `00-${'0'.repeat(32)}-00000000000000aa-01`)],
    ['one that is not sampled', traced(1, '00')],
  ])('are not made up for an event with %s', (_what, folded) => {
    expect(publish([folded], 0, 1)).toEqual({ sent: [undefined], spans: [] });
  });

  it('keep the state that vendors gave them', () => {
    const folded = traced(1);
    const { sent } = publish(
      [{ ...folded, metadata: { ...folded.metadata, tracestate: 'one=1,two=2' } }],
      0,
      1,
    );
    expect(sent[0]).toMatchObject({ tracestate: 'one=1,two=2' });
  });
});
