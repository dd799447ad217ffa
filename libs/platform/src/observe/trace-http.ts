import { context, SpanKind, SpanStatusCode, trace, type Span, type Tracer } from '@opentelemetry/api';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { childOf, parseTraceContext } from './trace-context.js';

/** Makes a span of every request to this server but those to `quietPaths`, in the trace that its headers tell of. */
export function traceHttp(fastify: FastifyInstance, tracer: Tracer, quietPaths: ReadonlySet<string>): void {
  const spans = new WeakMap<FastifyRequest, Span>();
  fastify.addHook('onRequest', (request, _reply, done) => {
    if (!quietPaths.has(pathOf(request))) spans.set(request, begin(tracer, request));
    done();
  });
  fastify.addHook('preHandler', (request, _reply, done) => {
    const span = spans.get(request);
    if (span) context.with(trace.setSpan(context.active(), span), done);
    else done();
  });
  const finish = (request: FastifyRequest, finished: (span: Span) => void) => {
    const span = spans.get(request);
    if (!span) return;
    spans.delete(request);
    finished(span);
    span.end();
  };
  fastify.addHook('onResponse', (request, reply, done) => {
    finish(request, (span) => tellStatus(span, reply));
    done();
  });
  fastify.addHook('onRequestAbort', (request, done) => {
    finish(request, (span) => span.setAttribute('error.type', 'aborted'));
    done();
  });
}

function begin(tracer: Tracer, request: FastifyRequest): Span {
  const { traceparent, tracestate } = request.headers;
  const parent = parseTraceContext({
    ...(typeof traceparent === 'string' && { traceparent }),
    ...(typeof tracestate === 'string' && { tracestate }),
  });
  const route = routeOf(request);
  const attributes = {
    'http.request.method': request.method,
    'url.scheme': request.protocol,
    'url.path': pathOf(request),
    'client.address': request.ip,
    'network.protocol.version': request.raw.httpVersion,
    'upgate.request_id': request.id,
    ...(route !== undefined && { 'http.route': route }),
  };
  const name = route === undefined ? request.method : `${request.method} ${route}`;
  return tracer.startSpan(name, { kind: SpanKind.SERVER, attributes }, childOf(parent, context.active()));
}

function tellStatus(span: Span, { statusCode }: FastifyReply): void {
  span.setAttribute('http.response.status_code', statusCode);
  if (statusCode >= 500)
    span.setAttribute('error.type', String(statusCode)).setStatus({ code: SpanStatusCode.ERROR });
}

/** Fastify writes a colon that begins no parameter twice. */
function routeOf({ routeOptions }: FastifyRequest): string | undefined {
  return routeOptions.url?.replaceAll('::', ':');
}

function pathOf({ url }: FastifyRequest): string {
  return url.split('?', 1)[0]!;
}
