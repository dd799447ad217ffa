import { Agent as HttpAgent, request as httpRequest, type ClientRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import { TLSSocket } from 'node:tls';
import { urlToHttpOptions } from 'node:url';
import type { RawHeaders } from './headers.js';
import type { Problem } from './problem.js';

/** How long an idle connection to an origin is kept for another request. */
const POOL_IDLE_MS = 15_000;
const KEEP_ALIVE_MS = 60_000;

export interface OriginRequest {
  method: string;
  path: string;
  headers: RawHeaders;
  /** Whether it may be one that was used before. */
  connection: 'pooled' | 'fresh';
}

/** An origin did not do something in time. */
export class OriginTimeout extends Error {
  override readonly name = 'OriginTimeout';
}

type Agents = Record<OriginRequest['connection'], HttpAgent>;

/**
 * The connections to the origins. TLS names the origin's own host (SNI) and demands a certificate for it that the
 * system's authorities, or those of NODE_EXTRA_CA_CERTS, vouch for.
 */
export class Origins {
  readonly #plain = agents(HttpAgent);
  readonly #secure = agents(HttpsAgent);

  constructor(private readonly connectMs: number) {}

  /** Begins a request; its body is the caller's to write and end. Throws on a head that cannot be sent. */
  request(origin: string, { method, path, headers, connection }: OriginRequest): ClientRequest {
    const { protocol, hostname, port } = urlToHttpOptions(new URL(origin));
    const target = { hostname, port, method, path, headers };
    const upstream =
      protocol === 'https:'
        ? httpsRequest({ ...target, agent: this.#secure[connection], servername: serverName(hostname) })
        : httpRequest({ ...target, agent: this.#plain[connection] });
    upstream.maxHeadersCount = 0;
    this.#limitConnect(upstream);
    return upstream;
  }

  close(): void {
    for (const agent of [...Object.values(this.#plain), ...Object.values(this.#secure)]) agent.destroy();
  }

  #limitConnect(upstream: ClientRequest): void {
    const expire = () => upstream.destroy(new OriginTimeout(`no connection within ${this.connectMs} ms`));
    upstream.once('socket', (socket) => {
      if (upstream.reusedSocket) return;
      const timer = setTimeout(expire, this.connectMs);
      const cancel = () => clearTimeout(timer);
      socket.once(socket instanceof TLSSocket ? 'secureConnect' : 'connect', cancel);
      upstream.once('close', cancel);
    });
  }
}

/** What a failed request to an origin is to the client. Where the origin is stays between it and the edge. */
export function originProblem(
  error: Error & { code?: string; syscall?: string },
  upstream: ClientRequest,
): Problem {
  const { code = error.name, syscall, message } = error;
  if (error instanceof OriginTimeout) return { code: 'origin_timeout', detail: message };
  if (upstream.socket instanceof TLSSocket && upstream.socket.authorizationError)
    return { code: 'origin_certificate_invalid', detail: `the origin's certificate was refused (${code})` };
  const connecting = error instanceof AggregateError || syscall === 'connect' || syscall === 'getaddrinfo';
  return connecting
    ? { code: 'origin_unreachable', detail: `no connection to the origin (${code})` }
    : { code: 'origin_failed', detail: `the origin gave no valid answer (${code})` };
}

function agents(Agent: typeof HttpAgent | typeof HttpsAgent): Agents {
  const socket = { noDelay: true, keepAliveInitialDelay: KEEP_ALIVE_MS };
  return {
    pooled: new Agent({ ...socket, keepAlive: true, timeout: POOL_IDLE_MS }),
    fresh: new Agent({ ...socket, keepAlive: false }),
  };
}

/** Server names are never addresses (RFC 6066, 3). */
function serverName(hostname: string | null | undefined): string {
  return !hostname || isIP(hostname) ? '' : hostname;
}
