import { SpanKind, SpanStatusCode, type Tracer } from '@opentelemetry/api';
import { WrongRevision, type EventStore } from '#event-store';
import { formatTraceContext } from './trace-context.js';
import { activeTracer } from './tracing.js';
import { withAppend } from './with-append.js';

/** The same store; while traces are sent, each append is a span, and its events remember where in the trace it is. */
export function tracedStore(store: EventStore): EventStore {
  const tracer = activeTracer();
  return tracer ? withAppend(store, tracedAppend(store, tracer)) : store;
}

function tracedAppend(store: EventStore, tracer: Tracer): EventStore['append'] {
  return (stream, expected, events) => {
    const attributes = { 'db.operation.name': 'append', 'db.collection.name': stream };
    return tracer.startActiveSpan('append', { kind: SpanKind.CLIENT, attributes }, async (span) => {
      const here = formatTraceContext(span.spanContext());
      const traced = events.map((event) => ({ ...event, metadata: { ...event.metadata, ...here } }));
      try {
        const appended = await store.append(stream, expected, traced);
        span.setAttribute('upgate.position', appended.position.toString());
        return appended;
      } catch (error) {
        span.setAttribute('error.type', error instanceof Error ? error.name : 'unknown');
        if (!(error instanceof WrongRevision)) span.setStatus({ code: SpanStatusCode.ERROR });
        throw error;
      } finally {
        span.end();
      }
    });
  };
}
