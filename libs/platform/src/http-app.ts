import { randomUUID } from 'node:crypto';
import type { IncomingMessage, Server } from 'node:http';
import type { INestApplication, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { answerClientError } from './client-error.js';
import { closeConnections } from './close-connections.js';
import { asApiError, ErrorFilter, sendProblem } from './error-filter.js';
import { acceptJson } from './json-body.js';
import { NestLog } from './logger.js';
import { tellMethodNotAllowed } from './method-not-allowed.js';
import { acceptNdjson } from './ndjson.js';
import { traceHttp } from './observe/trace-http.js';
import { activeTracer } from './observe/tracing.js';
import { logRequests, requestLog } from './request-log.js';
import { invalidRequest } from './validation.js';

const BODY_LIMIT = 1024 * 1024;
/** Of Node: what is longer gets to no route. */
const MAX_HEAD_BYTES = 16 * 1024;
const REQUEST_ID = /^[\w.:-]{1,128}$/;
/** Polled by machines every few seconds: worth a line only when they fail. */
const QUIET_PATHS = new Set(['/livez', '/readyz', '/metrics']);

/** A Nest application on Fastify with our errors, our log, one line per request, and NDJSON bodies as streams. */
export async function createHttpApp(
  module: Type | Parameters<typeof NestFactory.create>[0],
  logger: Logger,
): Promise<NestFastifyApplication> {
  const tell = requestLog(logger, QUIET_PATHS);
  const adapter = new FastifyAdapter({
    bodyLimit: BODY_LIMIT,
    routerOptions: { maxParamLength: MAX_HEAD_BYTES },
    return503OnClosing: false,
    clientErrorHandler: answerClientError,
    http: { requireHostHeader: false },
    // What the router itself refuses goes past every hook.
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) => {
      sendProblem(reply.header('x-request-id', request.id), asApiError(error), request.id);
      tell(request, reply);
    },
    genReqId: (request: IncomingMessage) => requestIdOf(request.headers['x-request-id']),
  });
  const fastify = adapter.getInstance();
  acceptJson(fastify);
  acceptNdjson(fastify);
  fastify.removeContentTypeParser('text/plain');
  fastify.addHook('onRequest', (request, reply, done) => {
    void reply.header('x-request-id', request.id);
    done();
  });
  requireHost(fastify);
  tellMethodNotAllowed(fastify);
  closeConnections(fastify);
  const tracer = activeTracer();
  if (tracer) traceHttp(fastify, tracer, QUIET_PATHS);
  logRequests(fastify, tell);
  const app = await NestFactory.create<NestFastifyApplication>(module, adapter, {
    logger: new NestLog(logger),
    abortOnError: false,
    bodyParser: false,
  });
  app.useGlobalFilters(new ErrorFilter(logger));
  return app;
}

/** As Node would by itself, but with a problem as the answer. */
function requireHost(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', ({ headers, raw }, _reply, done) => {
    if (headers.host !== undefined || raw.httpVersion === '1.0') return done();
    done(
      invalidRequest([
        { field: 'host', value: null, message: 'must be given: HTTP/1.1 demands this header' },
      ]),
    );
  });
}

/** The address an application listens on, once it does. */
export function addressOf(app: INestApplication): { host: string; port: number } {
  const address = (app.getHttpServer() as Server).address();
  if (address === null || typeof address === 'string') throw new Error('the application does not listen');
  return { host: address.address, port: address.port };
}

/** The caller's id of a request, if it is a good one, else a new one. */
export function requestIdOf(header: unknown): string {
  return typeof header === 'string' && REQUEST_ID.test(header) ? header : randomUUID();
}
