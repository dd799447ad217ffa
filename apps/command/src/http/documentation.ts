import { applyDecorators, type Type } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiExtraModels, ApiHeader, ApiResponse, getSchemaPath } from '@nestjs/swagger';
import { ApiProblems, NDJSON, type ErrorCode } from '#platform';
import { BatchLineDto, CommandAnswerDto } from './answer-dto.js';

const TEXT = { type: 'string' } as const;

const CALLER_HEADERS = [
  header('Upgate-Actor', 'Who acts, as the gateway in front says: `anonymous` if absent.'),
  header('Upgate-Actor-Kind', 'Such as `user`, which is the default, or `service`.'),
  header(
    'Upgate-Actor-Address',
    'Where they act from, as the gateway says: the address of the connection if absent.',
  ),
  header('X-Request-Id', 'Kept in the history and given back; made by the server if absent.'),
  header('traceparent', 'W3C trace context, kept with the events.'),
];

const IDEMPOTENCY_KEY = header(
  'Idempotency-Key',
  '1 to 255 visible ASCII characters. A retry under the same key, at any age, gets the first answer and takes no ' +
    'effect of its own. Keys are counted per resource; a create without `id` makes the id from account and key.',
);

const BATCH_KEY = header(
  'Idempotency-Key',
  'For items without a key of their own: each gets this one, a slash and its index.',
);

const IF_MATCH = header(
  'If-Match',
  'A revision, as `ETag` has it: refused unless the resource is at it. `*`: any.',
);

const ANSWER_HEADERS = {
  ETag: { description: 'The revision of the resource.', schema: { ...TEXT, example: '"2"' } },
  'Upgate-Position': { description: 'The position of the answer.', schema: { ...TEXT, example: '18' } },
  'Idempotency-Replayed': {
    description: '`true`: the first answer to this idempotency key.',
    schema: { ...TEXT, example: 'true' },
  },
};

const EVERY_COMMAND: ErrorCode[] = [
  'request_invalid',
  'contention',
  'body_too_large',
  'media_type_unsupported',
  'idempotency_key_reused',
  'internal',
  'store_unavailable',
  'shutting_down',
];

const EXISTING: ErrorCode[] = ['resource_unknown', 'resource_deleted', 'revision_mismatch'];
const HOSTNAMES: ErrorCode[] = ['hostname_invalid', 'hostname_repeated', 'hostname_taken', 'origin_invalid'];

/** Documents the command that creates a resource. */
export function ApiCreate(): MethodDecorator {
  const location = { description: 'Of the new resource.', schema: TEXT };
  return applyDecorators(
    ...[...CALLER_HEADERS, IDEMPOTENCY_KEY].map((one) => ApiHeader(one)),
    ApiResponse({ status: 201, type: CommandAnswerDto, headers: { ...ANSWER_HEADERS, Location: location } }),
    ApiProblems(...EVERY_COMMAND, ...HOSTNAMES, 'resource_exists', 'resource_deleted'),
  );
}

/** Documents a command to a resource that exists, and the ways to fail besides those of every command. */
export function ApiCommand(...codes: ErrorCode[]): MethodDecorator {
  return applyDecorators(
    ...[...CALLER_HEADERS, IDEMPOTENCY_KEY, IF_MATCH].map((one) => ApiHeader(one)),
    ApiResponse({ status: 200, type: CommandAnswerDto, headers: ANSWER_HEADERS }),
    ApiProblems(...EVERY_COMMAND, ...EXISTING, ...codes),
  );
}

export function ApiChange(): MethodDecorator {
  return ApiCommand(...HOSTNAMES);
}

/** Documents a batch whose items are of the class. */
export function ApiBatch(item: Type): MethodDecorator {
  return applyDecorators(
    ...[...CALLER_HEADERS, BATCH_KEY].map((one) => ApiHeader(one)),
    ApiConsumes(NDJSON),
    ApiExtraModels(item, BatchLineDto),
    ApiBody({ schema: { $ref: getSchemaPath(item) }, description: 'An item in each line.' }),
    ApiResponse({
      status: 200,
      description: 'A line for each item, in their order, each as soon as it is ready.',
      content: { [NDJSON]: { schema: { $ref: getSchemaPath(BatchLineDto) } } },
    }),
    ApiProblems('request_invalid', 'media_type_unsupported', 'internal'),
  );
}

function header(name: string, description: string) {
  return { name, description, required: false, schema: TEXT };
}
