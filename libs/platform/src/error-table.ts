import { status as Grpc } from '@grpc/grpc-js';
import type { RefusalCode } from '#domain';

type PlatformCode =
  | 'request_invalid'
  | 'body_too_large'
  | 'media_type_unsupported'
  | 'route_unknown'
  | 'method_not_allowed'
  | 'edge_unknown'
  | 'store_unavailable'
  | 'read_model_behind'
  | 'shutting_down'
  | 'internal';

export type ErrorCode = RefusalCode | PlatformCode;

export interface ErrorRow {
  http: number;
  grpc: Grpc;
  title: string;
  /** What the caller can do about it. */
  remedy: string;
}

/** Every error that a client can meet: the one table behind HTTP, gRPC and docs/errors.md. */
export const ERRORS: Readonly<Record<ErrorCode, ErrorRow>> = {
  request_invalid: {
    http: 400,
    grpc: Grpc.INVALID_ARGUMENT,
    title: 'The request is not valid',
    remedy: 'Correct the fields named in `errors`.',
  },
  hostname_invalid: {
    http: 400,
    grpc: Grpc.INVALID_ARGUMENT,
    title: 'A hostname is not valid',
    remedy: 'Give bare hostnames; a wildcard only as the whole leftmost label.',
  },
  hostname_repeated: {
    http: 400,
    grpc: Grpc.INVALID_ARGUMENT,
    title: 'A hostname is given twice',
    remedy: 'Name each hostname once.',
  },
  origin_invalid: {
    http: 400,
    grpc: Grpc.INVALID_ARGUMENT,
    title: 'The origin is not valid',
    remedy: 'Give `http://host:port` or `https://host:port`, nothing behind it.',
  },
  resource_unknown: {
    http: 404,
    grpc: Grpc.NOT_FOUND,
    title: 'There is no such CDN resource',
    remedy: 'Check the id; list the resources.',
  },
  revision_unknown: {
    http: 404,
    grpc: Grpc.NOT_FOUND,
    title: 'The CDN resource has no such revision',
    remedy: 'Choose a revision from the history.',
  },
  edge_unknown: {
    http: 404,
    grpc: Grpc.NOT_FOUND,
    title: 'There is no such edge node',
    remedy: 'List the edges.',
  },
  route_unknown: {
    http: 404,
    grpc: Grpc.UNIMPLEMENTED,
    title: 'There is nothing at this address',
    remedy: 'See the API at `/docs`.',
  },
  method_not_allowed: {
    http: 405,
    grpc: Grpc.UNIMPLEMENTED,
    title: 'The method is not allowed here',
    remedy: 'See the API at `/docs`.',
  },
  resource_deleted: {
    http: 410,
    grpc: Grpc.FAILED_PRECONDITION,
    title: 'The CDN resource has been deleted',
    remedy: 'Create another; ids are not given twice.',
  },
  resource_exists: {
    http: 409,
    grpc: Grpc.ALREADY_EXISTS,
    title: 'The CDN resource exists already',
    remedy: 'Choose another id, or change the one that exists.',
  },
  hostname_taken: {
    http: 409,
    grpc: Grpc.ALREADY_EXISTS,
    title: 'Another CDN resource has this hostname',
    remedy: 'Free the hostname there first.',
  },
  contention: {
    http: 409,
    grpc: Grpc.ABORTED,
    title: 'Too many changes at once to the same CDN resource or hostname',
    remedy: 'Send the command again.',
  },
  revision_mismatch: {
    http: 412,
    grpc: Grpc.FAILED_PRECONDITION,
    title: 'The CDN resource has changed meanwhile',
    remedy: 'Read it again and decide again.',
  },
  body_too_large: {
    http: 413,
    grpc: Grpc.RESOURCE_EXHAUSTED,
    title: 'The request is too large',
    remedy: 'Send less at once.',
  },
  media_type_unsupported: {
    http: 415,
    grpc: Grpc.INVALID_ARGUMENT,
    title: 'The media type is not supported',
    remedy: 'Send `application/json`, to a batch `application/x-ndjson`.',
  },
  idempotency_key_reused: {
    http: 422,
    grpc: Grpc.FAILED_PRECONDITION,
    title: 'The idempotency key belongs to another command',
    remedy: 'Use a new key for a new command.',
  },
  internal: {
    http: 500,
    grpc: Grpc.INTERNAL,
    title: 'Something is wrong on our side',
    remedy: 'Report the `requestId`.',
  },
  store_unavailable: {
    http: 503,
    grpc: Grpc.UNAVAILABLE,
    title: 'The event log cannot be reached or written',
    remedy: 'Send the command again later, with the same idempotency key.',
  },
  read_model_behind: {
    http: 503,
    grpc: Grpc.UNAVAILABLE,
    title: 'The read model has not reached the position asked for',
    remedy: 'Ask again later.',
  },
  shutting_down: {
    http: 503,
    grpc: Grpc.UNAVAILABLE,
    title: 'The server is shutting down',
    remedy: 'Send the request again.',
  },
};
