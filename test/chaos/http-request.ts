import type { CommandAnswerJson, ProblemJson } from '#contract';
import type { Attempt, Reply, SentCommand } from './history.js';
import { PATIENCE_MS, WAIT } from './patience.js';

/** Refusals that are decided on the log: after these, and these only, nothing has taken effect. */
const FINAL = [400, 404, 409, 410, 412, 422];

/** Sends a command over HTTP. Undefined: nobody knows whether it has taken effect, or will. */
export async function sendHttp(api: string, attempt: Attempt): Promise<Reply | undefined> {
  const [method, path, body] = callOf(attempt);
  try {
    const response = await fetch(`${api}${path}${attempt.waits ? `?wait=applied&timeout=${WAIT}` : ''}`, {
      method,
      headers: headersOf(attempt),
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    const answer: unknown = await response.json();
    const at = performance.now();
    if (response.ok) return { at, answer: answer as CommandAnswerJson };
    return FINAL.includes(response.status) ? { at, refused: (answer as ProblemJson).code } : undefined;
  } catch {
    return undefined;
  }
}

function callOf({ command, resource }: Attempt): [method: string, path: string, body: object] {
  const path = `/v1/resources/${resource}`;
  switch (command.type) {
    case 'CreateCdnResource':
      return ['POST', '/v1/resources', command.resource];
    case 'ChangeCdnResource':
      return ['PATCH', path, command.change];
    case 'DeleteCdnResource':
      return ['DELETE', path, {}];
    case 'SetWebsockets':
      return ['PUT', `${path}/websockets`, choiceOf(command)];
    case 'ResetWebsockets':
      return ['DELETE', `${path}/websockets`, {}];
    case 'RevertWebsockets':
      return ['POST', `${path}/websockets:revert`, { revision: command.revision }];
    default:
      return command satisfies never;
  }
}

function choiceOf({ enabled, openConnections }: Extract<SentCommand, { type: 'SetWebsockets' }>): object {
  return { enabled, openConnections };
}

function headersOf({ requestId, key, ifMatch }: Attempt): Record<string, string> {
  return {
    'content-type': 'application/json',
    'x-request-id': requestId,
    ...(key !== undefined && { 'idempotency-key': key }),
    ...(ifMatch !== undefined && { 'if-match': `"${ifMatch}"` }),
  };
}
