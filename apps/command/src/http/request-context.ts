import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { CommandContext } from '../commands/command-context.js';
import { contextOf } from '../input/context-of.js';

/** Injects the CommandContext of an HTTP request. */
export const RequestContext = createParamDecorator(
  (_data: unknown, execution: ExecutionContext): CommandContext => {
    const { headers, id, ip } = execution.switchToHttp().getRequest<FastifyRequest>();
    return contextOf((name) => headers[name], id, ip);
  },
);
