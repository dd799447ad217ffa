import { Metadata, status as Grpc } from '@grpc/grpc-js';
import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { throwError, type Observable } from 'rxjs';
import { StoreCorrupt, StoreUnavailable } from '#event-store';
import { ApiError, toProblem } from './api-error.js';
import { ERRORS, type ErrorCode } from './error-table.js';

const RETRY_AFTER_SECONDS = '1';

/** Tells the caller of every error in the terms of the protocol, and the log of those that are ours. */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  constructor(private readonly logger: Logger) {}

  catch(error: unknown, host: ArgumentsHost): Observable<never> | void {
    const apiError = asApiError(error);
    if (apiError.code === 'internal') this.logger.error({ err: error }, 'unexpected error');
    if (host.getType() === 'rpc') return throwError(() => toGrpcError(apiError));
    const http = host.switchToHttp();
    sendProblem(http.getResponse<FastifyReply>(), apiError, http.getRequest<FastifyRequest>().id);
  }
}

export function sendProblem(reply: FastifyReply, error: ApiError, requestId: string): void {
  if (reply.sent) return;
  const problem = toProblem(error, requestId);
  if (problem.status === 503) void reply.header('retry-after', RETRY_AFTER_SECONDS);
  void reply.status(problem.status).type('application/problem+json').send(JSON.stringify(problem));
}

interface GrpcError {
  code: Grpc;
  details: string;
  message: string;
  metadata: Metadata;
}

export function toGrpcError({ code, message, errors }: ApiError): GrpcError {
  const metadata = new Metadata();
  metadata.set('upgate-code', code);
  if (errors) metadata.set('upgate-errors-bin', Buffer.from(JSON.stringify(errors)));
  return { code: ERRORS[code].grpc, details: message, message, metadata };
}

const BY_STATUS: Readonly<Record<number, ErrorCode>> = {
  400: 'request_invalid',
  404: 'route_unknown',
  405: 'method_not_allowed',
  413: 'body_too_large',
  415: 'media_type_unsupported',
  503: 'shutting_down',
};

/** What any error is to a caller: one that is not meant for callers becomes `internal` and keeps its text to itself. */
export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof StoreUnavailable || error instanceof StoreCorrupt) {
    return new ApiError('store_unavailable', ERRORS.store_unavailable.title, undefined, { cause: error });
  }
  const code = BY_STATUS[statusOf(error)];
  return code && error instanceof Error
    ? new ApiError(code, code === 'route_unknown' ? undefined : error.message)
    : new ApiError('internal', undefined, undefined, { cause: error });
}

function statusOf(error: unknown): number {
  if (error instanceof HttpException) return error.getStatus();
  return error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 0;
}
