import { isUtf8 } from 'node:buffer';
import type { FastifyInstance } from 'fastify';
import { ApiError } from './api-error.js';
import { invalidRequest } from './validation.js';

const CHARSET = /;\s*charset\s*=\s*"?([^\s";]*)/i;

/** Takes JSON as Fastify does, but only in UTF-8, and no bytes at all for no body. */
export function acceptJson(fastify: FastifyInstance): void {
  const parse = fastify.getDefaultJsonParser('error', 'error');
  fastify.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    if (body.length === 0) return done(null, undefined);
    requireUtf8(request.headers['content-type']);
    if (!isUtf8(body)) throw invalidRequest([{ field: '', value: null, message: 'the body is not UTF-8' }]);
    return parse(request, body.toString(), done);
  });
}

/** Throws ApiError media_type_unsupported if a content type names another charset. */
export function requireUtf8(contentType = ''): void {
  const [, charset = 'utf-8'] = CHARSET.exec(contentType) ?? [];
  if (/^utf-?8$/i.test(charset)) return;
  throw new ApiError('media_type_unsupported', `the charset must be utf-8, not ${charset}`);
}
