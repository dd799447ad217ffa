import type { CommandAnswerJson, ProblemJson } from '#contract';
import type { CdnResourceCommand } from '#domain';
import type { Attempt, Reply } from './history.js';

const PATIENCE_MS = 8_000;
/** Refusals that are decided on the log: after these, and these only, nothing has taken effect. */
const FINAL = [400, 404, 409, 410, 412, 422];

/** Sends a command. Undefined: nobody knows whether it has taken effect, or will. */
export async function send(api: string, attempt: Omit<Attempt, 'reply'>): Promise<Reply | undefined> {
  try {
    const response = await fetch(`${api}${pathOf(attempt)}`, {
      method: METHODS[attempt.command.type],
      headers: headersOf(attempt),
      body: JSON.stringify(bodyOf(attempt.command)),
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    const body: unknown = await response.json();
    const at = performance.now();
    if (response.ok) return { at, answer: body as CommandAnswerJson };
    return FINAL.includes(response.status) ? { at, refused: (body as ProblemJson).code } : undefined;
  } catch {
    return undefined;
  }
}

const METHODS: Record<CdnResourceCommand['type'], string> = {
  CreateCdnResource: 'POST',
  ChangeCdnResource: 'PATCH',
  DeleteCdnResource: 'DELETE',
  SetWebsockets: 'PUT',
  ResetWebsockets: 'DELETE',
  RevertWebsockets: 'POST',
};

function pathOf({ command, resource }: Pick<Attempt, 'command' | 'resource'>): string {
  switch (command.type) {
    case 'CreateCdnResource':
      return '/v1/resources';
    case 'ChangeCdnResource':
    case 'DeleteCdnResource':
      return `/v1/resources/${resource}`;
    case 'SetWebsockets':
    case 'ResetWebsockets':
      return `/v1/resources/${resource}/websockets`;
    case 'RevertWebsockets':
      return `/v1/resources/${resource}/websockets:revert`;
    default:
      return command satisfies never;
  }
}

function bodyOf(command: CdnResourceCommand): object {
  switch (command.type) {
    case 'CreateCdnResource':
      return command.resource;
    case 'ChangeCdnResource':
      return command.change;
    case 'SetWebsockets':
      return { enabled: command.enabled, openConnections: command.openConnections };
    case 'RevertWebsockets':
      return { revision: command.revision };
    case 'DeleteCdnResource':
    case 'ResetWebsockets':
      return {};
    default:
      return command satisfies never;
  }
}

function headersOf({ requestId, key, ifMatch }: Omit<Attempt, 'reply'>): Record<string, string> {
  return {
    'content-type': 'application/json',
    'x-request-id': requestId,
    ...(key !== undefined && { 'idempotency-key': key }),
    ...(ifMatch !== undefined && { 'if-match': `"${ifMatch}"` }),
  };
}
