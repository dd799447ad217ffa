import type { MsgHdrs } from '@nats-io/transport-node';

const TRACEPARENT = 'traceparent';
const TRACESTATE = 'tracestate';

/** Where in a trace a change was published, as the W3C writes it down. Who does not know it loses nothing. */
export interface FeedTrace {
  traceparent: string;
  tracestate?: string;
}

export function writeTrace(headers: MsgHdrs, { traceparent, tracestate }: FeedTrace): void {
  headers.set(TRACEPARENT, traceparent);
  if (tracestate !== undefined) headers.set(TRACESTATE, tracestate);
}

export function readTrace(headers: MsgHdrs | undefined): FeedTrace | undefined {
  const traceparent = headers?.get(TRACEPARENT);
  if (!traceparent) return undefined;
  const tracestate = headers?.get(TRACESTATE);
  return { traceparent, ...(tracestate && { tracestate }) };
}
