import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import { ApiError } from './api-error.js';
import { requireUtf8 } from './json-body.js';

/** A JSON value in each line. */
export const NDJSON = 'application/x-ndjson';

/** Marks a route whose body is NDJSON: it is given the stream, unread. */
export function TakesNdjson(): MethodDecorator {
  return RouteConfig({ ndjson: true });
}

/** Lets routes that are marked so take NDJSON, and no other. */
export function acceptNdjson(fastify: FastifyInstance): void {
  fastify.addContentTypeParser(NDJSON, (request, payload, done) => {
    const { ndjson } = request.routeOptions.config as { ndjson?: boolean };
    if (!ndjson) throw new ApiError('media_type_unsupported', 'only a batch is sent as application/x-ndjson');
    requireUtf8(request.headers['content-type']);
    done(null, payload);
  });
}
