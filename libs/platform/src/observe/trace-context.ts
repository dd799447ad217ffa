import {
  createTraceState,
  isSpanContextValid,
  trace,
  type Context,
  type SpanContext,
} from '@opentelemetry/api';

const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/;
const VERSION = '00';

/** Where in a trace something was done, as the W3C writes it down. */
export interface TraceContext {
  traceparent: string;
  tracestate?: string;
}

/** As the W3C has it: undefined if there is none, or it is malformed. */
export function parseTraceContext({
  traceparent,
  tracestate,
}: Partial<TraceContext>): SpanContext | undefined {
  const [, traceId = '', spanId = '', flags = '0'] = TRACEPARENT.exec(traceparent ?? '') ?? [];
  const parsed = { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
  if (!isSpanContextValid(parsed)) return undefined;
  return tracestate === undefined ? parsed : { ...parsed, traceState: createTraceState(tracestate) };
}

export function formatTraceContext({ traceId, spanId, traceFlags, traceState }: SpanContext): TraceContext {
  const tracestate = traceState?.serialize();
  return {
    traceparent: [VERSION, traceId, spanId, traceFlags.toString(16).padStart(2, '0')].join('-'),
    ...(tracestate && { tracestate }),
  };
}

/** The context in which what is begun belongs to a trace that began elsewhere. */
export function childOf(parent: SpanContext | undefined, context: Context): Context {
  return parent ? trace.setSpanContext(context, parent) : context;
}
