import { validated } from '#platform';
import type { CommandContext } from '../commands/command-context.js';
import { given } from '../commands/given.js';
import { CommandHeaders } from './command-parameters.js';

const TRACEPARENT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

/** Reads the context of a command from headers or metadata; `peer` is the address of the connection. Throws ApiError request_invalid naming what is wrong. */
export function contextOf(
  header: (name: string) => unknown,
  requestId: string,
  peer: string,
): CommandContext {
  const headers = validated(
    CommandHeaders,
    given({
      'idempotency-key': header('idempotency-key'),
      'if-match': header('if-match'),
      'upgate-actor': header('upgate-actor'),
      'upgate-actor-kind': header('upgate-actor-kind'),
      'upgate-actor-address': header('upgate-actor-address'),
    }),
  );
  return {
    actor: {
      id: headers['upgate-actor'],
      kind: headers['upgate-actor-kind'],
      address: headers['upgate-actor-address'] ?? peer,
    },
    requestId,
    traceparent: traceparentOf(header('traceparent')),
    idempotencyKey: headers['idempotency-key'],
    expectedRevision: headers['if-match'],
  };
}

/** As the W3C has it: one that is malformed is ignored. */
function traceparentOf(value: unknown): string | undefined {
  return typeof value === 'string' && TRACEPARENT.test(value) ? value : undefined;
}
