import { status, type ServiceError } from '@grpc/grpc-js';
import { ERRORS, type ErrorCode } from '#platform';
import type { WireCommandAnswer } from '#contract';
import type { GrpcClient } from '../support/grpc-client.js';
import { fromWireAnswer } from './grpc-answer.js';
import type { Attempt, Reply } from './history.js';
import { PATIENCE_MS, WAIT } from './patience.js';

/** Refusals that are decided on the log: after these, and these only, nothing has taken effect. */
const FINAL = [
  status.INVALID_ARGUMENT,
  status.NOT_FOUND,
  status.ALREADY_EXISTS,
  status.FAILED_PRECONDITION,
  status.ABORTED,
];

/** Sends a command over gRPC. Undefined: nobody knows whether it has taken effect, or will. */
export async function sendGrpc(client: GrpcClient, attempt: Attempt): Promise<Reply | undefined> {
  const [method, request] = callOf(attempt);
  try {
    const deadline = Date.now() + PATIENCE_MS;
    const answer = await client.call<WireCommandAnswer>(method, request, metadataOf(attempt), { deadline });
    return { at: performance.now(), answer: fromWireAnswer(answer) };
  } catch (error) {
    const refused = codeOf(error as ServiceError);
    return refused === undefined ? undefined : { at: performance.now(), refused };
  }
}

function codeOf({ code, metadata }: ServiceError): string | undefined {
  const [refused] = metadata.get('upgate-code') as ErrorCode[];
  return refused !== undefined && FINAL.includes(code) && refused in ERRORS ? refused : undefined;
}

function metadataOf({ requestId, key, ifMatch, waits }: Attempt): Record<string, string> {
  return {
    'x-request-id': requestId,
    ...(key !== undefined && { 'idempotency-key': key }),
    ...(ifMatch !== undefined && { 'if-match': `"${ifMatch}"` }),
    ...(waits && { wait: 'applied', timeout: WAIT }),
  };
}

function callOf({ command, resource: id }: Attempt): [method: string, request: object] {
  switch (command.type) {
    case 'CreateCdnResource': {
      const { integration, ...rest } = command.resource;
      return ['CreateResource', { ...rest, integration: `INTEGRATION_${integration.toUpperCase()}` }];
    }
    case 'ChangeCdnResource': {
      const { secondaryHostnames: hostnames, ...rest } = command.change;
      return ['ChangeResource', { id, ...rest, ...(hostnames && { secondaryHostnames: { hostnames } }) }];
    }
    case 'DeleteCdnResource':
      return ['DeleteResource', { id }];
    case 'SetWebsockets': {
      const { enabled, openConnections } = command;
      const mode = `OPEN_CONNECTIONS_MODE_${openConnections?.mode.toUpperCase()}`;
      return [
        'SetWebsockets',
        { id, enabled, openConnections: openConnections && { ...openConnections, mode } },
      ];
    }
    case 'ResetWebsockets':
      return ['ResetWebsockets', { id }];
    case 'RevertWebsockets':
      return ['RevertWebsockets', { id, revision: command.revision }];
    default:
      return command satisfies never;
  }
}
