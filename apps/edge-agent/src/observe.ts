import { ROOT_CONTEXT, SpanKind, SpanStatusCode, type Span, type Tracer } from '@opentelemetry/api';
import { subjectsOf, type FeedChange, type FeedHandler, type Outcome } from '#edge-feed';
import { activeTracer, childOf, parseTraceContext, type TraceContext } from '#platform';

/** The same handler; while traces are sent, each change that is part of one is applied in a span. */
export function tracedHandler(handler: FeedHandler, fleet: string, node: string): FeedHandler {
  const tracer = activeTracer();
  if (!tracer) return handler;
  const { change: subject } = subjectsOf(fleet);
  return {
    at: () => handler.at(),
    applySnapshot: (bytes) => handler.applySnapshot(bytes),
    applyChange: async (change) => {
      if (!change.trace) return handler.applyChange(change);
      const span = begin(tracer, subject, node, change, change.trace);
      try {
        const outcome = await handler.applyChange(change);
        tell(span, outcome);
        return outcome;
      } finally {
        span.end();
      }
    },
  };
}

function begin(
  tracer: Tracer,
  subject: string,
  node: string,
  { position, changes }: FeedChange,
  trace: TraceContext,
): Span {
  const attributes = {
    'messaging.system': 'nats',
    'messaging.operation.type': 'process',
    'messaging.destination.name': subject,
    'upgate.node': node,
    'upgate.position': position.toString(),
    'upgate.changes': changes.length,
  };
  const options = { kind: SpanKind.CONSUMER, attributes };
  return tracer.startSpan(`process ${subject}`, options, childOf(parseTraceContext(trace), ROOT_CONTEXT));
}

function tell(span: Span, outcome: Outcome): void {
  const name = typeof outcome === 'string' ? outcome : 'refused';
  span.setAttribute('upgate.outcome', name);
  if (name !== 'applied') span.setAttribute('error.type', name).setStatus({ code: SpanStatusCode.ERROR });
}
