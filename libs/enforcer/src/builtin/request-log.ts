import type { IncomingMessage, ServerResponse } from 'node:http';
import { finished } from 'node:stream';
import type { Decision } from './exchange.js';
import type { OpenConnection } from './open-connection.js';
import type { Route } from './route.js';
import type { Tunnel } from './tunnel.js';

/** What is used of the app's logger. */
export interface RequestLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/** As others have it who log a client that left before its answer began. */
const CLIENT_CLOSED_REQUEST = 499;

/**
 * Logs a request when its answer has ended: one line, without query, cookies or credentials. A request that becomes a
 * WebSocket is logged when that ends. Returns what wants to hear how the request was decided.
 */
export function logRequest(
  logger: RequestLog,
  request: IncomingMessage,
  response: ServerResponse,
  route: Route | undefined,
): (decision: Decision) => void {
  const startedAt = performance.now();
  const client = request.socket.remoteAddress;
  let decision: Decision | undefined;
  finished(response, () => {
    const fields = {
      method: request.method,
      host: route?.host,
      path: route?.path.replace(/\?.*/s, ''),
      resource: route?.entry.resource,
      status: response.headersSent ? response.statusCode : CLIENT_CLOSED_REQUEST,
      decision,
      client,
      ms: Math.round(performance.now() - startedAt),
    };
    logger.info(fields, 'request');
  });
  return (decided) => (decision = decided);
}

export function logWebsocket(
  logger: RequestLog,
  { host, resource }: OpenConnection,
  { bytes, closedFor }: Tunnel,
  ms: number,
): void {
  logger.info({ host, resource, status: 101, bytes, closedFor, ms: Math.round(ms) }, 'websocket ended');
}
