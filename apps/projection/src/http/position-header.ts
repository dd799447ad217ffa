import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { tap, type Observable } from 'rxjs';
import { ProjectionRunner } from '../fold/projection-runner.js';

/** Says with every answer of a query, in `Upgate-Position`, how far the read model was. */
@Injectable()
export class PositionHeader implements NestInterceptor {
  constructor(private readonly runner: ProjectionRunner) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    return next.handle().pipe(
      tap(() => {
        if (!reply.sent) void reply.header('upgate-position', this.runner.position.toString());
      }),
    );
  }
}
