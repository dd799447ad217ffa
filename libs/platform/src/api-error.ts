import type { FieldErrorJson, ProblemJson } from '#contract';
import { ERRORS, type ErrorCode } from './error-table.js';

/** An error to tell the caller about, whatever the protocol. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  constructor(
    readonly code: ErrorCode,
    detail?: string,
    readonly errors?: FieldErrorJson[],
    options?: ErrorOptions,
  ) {
    super(detail ?? ERRORS[code].title, options);
  }
}

export function toProblem({ code, message, errors }: ApiError, requestId?: string): ProblemJson {
  const { http, title } = ERRORS[code];
  return {
    type: `urn:upgate:problem:${code}`,
    title,
    status: http,
    code,
    detail: message,
    ...(errors && { errors }),
    ...(requestId && { requestId }),
  };
}
