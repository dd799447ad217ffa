import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { invalidRequest } from '#platform';
import type { CommandContext } from '../commands/command-context.js';
import { contextOf } from '../input/context-of.js';

/** Injects the CommandContext of an HTTP request. */
export const RequestContext = createParamDecorator(
  (_data: unknown, execution: ExecutionContext): CommandContext => {
    const request = execution.switchToHttp().getRequest<FastifyRequest>();
    requireNoBodyToDelete(request);
    return contextOf((name) => headerOf(request, name), request.id, request.ip);
  },
);

/** Node joins what is given more than once: it is to be refused, not taken for one. */
function headerOf({ headers, raw }: FastifyRequest, name: string): unknown {
  const value = headers[name];
  if (typeof value !== 'string' || !value.includes(', ')) return value;
  const values = raw.headersDistinct[name] ?? [];
  return values.length > 1 ? values : value;
}

function requireNoBodyToDelete({ method, body }: FastifyRequest): void {
  if (method !== 'DELETE' || Object.keys(body ?? {}).length === 0) return;
  throw invalidRequest([{ field: '', value: null, message: 'goes into the query: a DELETE has no body' }]);
}
