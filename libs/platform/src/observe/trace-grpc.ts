import { ServerInterceptingCall, status as Grpc, type Metadata, type ServerInterceptor } from '@grpc/grpc-js';
import {
  context,
  SpanKind,
  SpanStatusCode,
  trace,
  type Context,
  type Span,
  type Tracer,
} from '@opentelemetry/api';
import { childOf, parseTraceContext } from './trace-context.js';

const QUIET = /^\/grpc\.(health|reflection)\./;
const OURS: ReadonlySet<Grpc> = new Set([
  Grpc.UNKNOWN,
  Grpc.DEADLINE_EXCEEDED,
  Grpc.UNIMPLEMENTED,
  Grpc.INTERNAL,
  Grpc.UNAVAILABLE,
  Grpc.DATA_LOSS,
]);

/** Makes a span of every call of ours, in the trace that its metadata tells of. */
export function traceGrpc(tracer: Tracer): ServerInterceptor {
  return ({ path }, call) => {
    if (QUIET.test(path)) return new ServerInterceptingCall(call);
    const traced = new TracedCall(tracer, path);
    return new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata: (metadata, proceed) => traced.begin(metadata, () => proceed(metadata)),
          onReceiveMessage: (message: unknown, proceed) => traced.within(() => proceed(message)),
          onReceiveHalfClose: (proceed) => traced.within(proceed),
          onCancel: () => traced.end(Grpc.CANCELLED),
        }),
      sendStatus: (status, next) => {
        traced.end(status.code);
        next(status);
      },
    });
  };
}

class TracedCall {
  #span: Span | undefined;
  #context: Context = context.active();

  constructor(
    private readonly tracer: Tracer,
    private readonly path: string,
  ) {}

  begin(metadata: Metadata, proceed: () => void): void {
    const [service = '', method = ''] = this.path.slice(1).split('/');
    const attributes = { 'rpc.system': 'grpc', 'rpc.service': service, 'rpc.method': method };
    const parent = childOf(parseTraceContext(headersOf(metadata)), this.#context);
    this.#span = this.tracer.startSpan(this.path.slice(1), { kind: SpanKind.SERVER, attributes }, parent);
    this.#context = trace.setSpan(parent, this.#span);
    this.within(proceed);
  }

  within(work: () => void): void {
    context.with(this.#context, work);
  }

  /** A call that was cancelled may end a second time. */
  end(code: Grpc): void {
    this.#span?.setAttribute('rpc.grpc.status_code', code);
    if (OURS.has(code)) this.#span?.setStatus({ code: SpanStatusCode.ERROR });
    this.#span?.end();
    this.#span = undefined;
  }
}

function headersOf(metadata: Metadata): { traceparent?: string; tracestate?: string } {
  const [traceparent] = metadata.get('traceparent');
  const [tracestate] = metadata.get('tracestate');
  return {
    ...(typeof traceparent === 'string' && { traceparent }),
    ...(typeof tracestate === 'string' && { tracestate }),
  };
}
