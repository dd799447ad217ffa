import { applyDecorators, type Type } from '@nestjs/common';
import { ApiOkResponse } from '@nestjs/swagger';
import { ApiProblems, type ErrorCode } from '#platform';

const POSITION = {
  'Upgate-Position': {
    description: 'How far the read model was.',
    schema: { type: 'string', example: '18' },
  },
} as const;

export const ETAG = {
  ETag: {
    description: 'The revision of the resource, for `If-Match`.',
    schema: { type: 'string', example: '"2"' },
  },
} as const;

/** Documents what a query answers, and how it can fail besides the ways that every query can. */
export function ApiQueryAnswer(
  type: Type,
  codes: readonly ErrorCode[] = [],
  headers: Partial<typeof ETAG> = {},
): MethodDecorator {
  return applyDecorators(
    ApiOkResponse({ type, headers: { ...POSITION, ...headers } }),
    ApiProblems('request_invalid', ...codes, 'read_model_behind', 'shutting_down', 'internal'),
  );
}
