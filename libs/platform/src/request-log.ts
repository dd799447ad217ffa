import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { withoutSecrets } from './logger.js';

export type TellRequest = (request: FastifyRequest, reply: FastifyReply, clientGone?: true) => void;

/** Writes the line of a request, once. */
export function requestLog(logger: Logger, quietPaths: ReadonlySet<string>): TellRequest {
  const requests = withoutSecrets(logger);
  const told = new WeakSet<FastifyRequest>();
  return (request, reply, clientGone) => {
    if (told.has(request)) return;
    told.add(request);
    const path = request.url.split('?', 1)[0]!;
    const level = reply.statusCode >= 500 ? 'warn' : quietPaths.has(path) ? 'trace' : 'info';
    requests[level]({ ...lineOf(request, reply, path), clientGone }, 'request');
  };
}

/** Tells of every request at its end, also when the client has not waited for it. */
export function logRequests(fastify: FastifyInstance, tell: TellRequest): void {
  const streaming = new WeakSet<FastifyReply>();
  fastify.addHook('onRequest', (request, reply, done) => {
    reply.raw.once('close', () => {
      if (reply.raw.headersSent && !streaming.has(reply)) tell(request, reply, true);
    });
    done();
  });
  // Of an answer that is made for nobody, Fastify never says that it has been sent.
  fastify.addHook('onSend', (request, reply, payload, done) => {
    const made = () => {
      if (request.socket.destroyed) tell(request, reply, true);
    };
    if (payload instanceof Readable) {
      streaming.add(reply);
      payload.once('close', () => {
        streaming.delete(reply);
        made();
      });
    } else made();
    done();
  });
  fastify.addHook('onResponse', (request, reply, done) => {
    tell(request, reply);
    done();
  });
}

function lineOf(request: FastifyRequest, reply: FastifyReply, path: string): object {
  return {
    requestId: request.id,
    method: request.method,
    path,
    status: reply.statusCode,
    ms: Math.round(reply.elapsedTime * 10) / 10,
    position: reply.getHeader('upgate-position'),
    remote: request.ip,
  };
}
