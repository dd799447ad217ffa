import { headers } from '@nats-io/transport-node';
import { expect, it } from 'vitest';
import { readTrace, writeTrace, type FeedTrace } from './trace.js';

const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

it.each<FeedTrace>([{ traceparent: TRACEPARENT }, { traceparent: TRACEPARENT, tracestate: 'one=1,two=2' }])(
  'is read from the headers as it was written: %j',
  (trace) => {
    const written = headers();
    writeTrace(written, trace);
    expect(readTrace(written)).toEqual(trace);
  },
);

it('is not there where nobody wrote it', () => {
  expect(readTrace(undefined)).toBeUndefined();
  expect(readTrace(headers())).toBeUndefined();
});
