import type { IncomingMessage, ServerResponse } from 'node:http';
import { SettingsTable, type TableDiff } from '#settings';
import type { Enforcer } from '../enforcer.js';
import { GOING_AWAY } from './close-frame.js';
import { EdgeServer } from './edge-server.js';
import { refuse, type Decision, type Exchange } from './exchange.js';
import { HttpForward } from './http-forward.js';
import { OpenConnection } from './open-connection.js';
import { OpenConnections } from './open-connections.js';
import { Origins } from './origins.js';
import type { Problem } from './problem.js';
import { logRequest, logWebsocket, type RequestLog } from './request-log.js';
import {
  asksForWebsocket,
  hostMoved,
  hostUnknown,
  routeOf,
  websocketsDisabled,
  type Route,
} from './route.js';
import { Tunnel, type TunnelEnds } from './tunnel.js';
import { Upgrade } from './upgrade.js';

export interface BuiltinEnforcerOptions {
  host: string;
  /** 0 lets the system choose. */
  port: number;
  /** Milliseconds: for a connection to the origin, for its answer to a handshake, and without any byte of HTTP. */
  timeouts: { connectMs: number; handshakeMs: number; httpIdleMs: number };
  logger: RequestLog;
  /** Hears how each WebSocket handshake was answered. */
  onDecision?: (decision: Decision) => void;
}

/**
 * A reverse proxy and WebSocket relay of our own, for HTTP/1.1. It sends the origin the host that the client asked for,
 * and lets a WebSocket open only where the settings allow it, at the moment the origin agrees to it.
 */
export class BuiltinEnforcer implements Enforcer {
  readonly name = 'builtin';
  readonly #options: BuiltinEnforcerOptions;
  readonly #server: EdgeServer;
  readonly #origins: Origins;
  readonly #open = new OpenConnections();
  #table = new SettingsTable();
  #closing = false;

  /** Throws what the system says when it cannot listen there. Every host is unknown until settings are applied. */
  static async listen(options: BuiltinEnforcerOptions): Promise<BuiltinEnforcer> {
    const enforcer = new BuiltinEnforcer(options);
    await enforcer.#server.listen(options.host, options.port);
    return enforcer;
  }

  private constructor(options: BuiltinEnforcerOptions) {
    this.#options = options;
    this.#origins = new Origins(options.timeouts.connectMs);
    this.#server = new EdgeServer({
      idleMs: options.timeouts.httpIdleMs,
      onRequest: (request, response) => this.#forward(request, response),
      onHandshake: (request, response, head) => this.#upgrade(request, response, head),
      onConnect: (request, response) => this.#refuseConnect(request, response),
      onError: (error) => options.logger.warn({ error: error.message }, 'a connection was not accepted'),
    });
  }

  address(): { host: string; port: number } {
    return this.#server.address();
  }

  connections(): number {
    return this.#open.size;
  }

  async apply(diffs: readonly TableDiff[], table: SettingsTable): Promise<void> {
    this.#table = table;
    this.#open.apply(diffs, table);
  }

  async replace(before: SettingsTable, table: SettingsTable): Promise<void> {
    this.#table = table;
    this.#open.replace(before, table);
  }

  /** WebSockets are closed with 1001; requests under way get some seconds to end. */
  async close(): Promise<void> {
    this.#closing = true;
    const closed = this.#server.close();
    this.#open.close(GOING_AWAY);
    await closed;
    this.#origins.close();
  }

  #forward(request: IncomingMessage, response: ServerResponse): void {
    const exchange = this.#exchange(request, response);
    if (!exchange) return;
    if (asksForWebsocket(request)) {
      const detail = 'a handshake has no body, and comes when all requests before it are answered';
      return refuse(exchange, { code: 'request_invalid', detail, close: true });
    }
    new HttpForward(exchange, this.#origins, this.#options.timeouts.httpIdleMs).start();
  }

  #upgrade(request: IncomingMessage, response: ServerResponse, head: Buffer): void {
    const exchange = this.#exchange(request, response, this.#options.onDecision);
    if (!exchange) return;
    const problem = this.#refusal(exchange.route);
    if (problem) return refuse(exchange, problem);
    const { handshakeMs, httpIdleMs } = this.#options.timeouts;
    new Upgrade(exchange, head, {
      origins: this.#origins,
      handshakeMs,
      idleMs: httpIdleMs,
      refusal: () => this.#refusal(exchange.route),
      onOpen: (ends) => this.#relay(exchange.route, ends),
    }).start();
  }

  #refuseConnect(request: IncomingMessage, response: ServerResponse): void {
    const onDecision = logRequest(this.#options.logger, request, response, undefined);
    refuse(
      { response, onDecision },
      { code: 'method_not_allowed', detail: 'CONNECT is not allowed: this is no forward proxy', close: true },
    );
  }

  #exchange(
    request: IncomingMessage,
    response: ServerResponse,
    hear?: (decision: Decision) => void,
  ): Exchange | undefined {
    const route = routeOf(request, this.#table);
    const found = 'code' in route ? undefined : route;
    const log = logRequest(this.#options.logger, request, response, found);
    const onDecision = (decision: Decision) => {
      log(decision);
      hear?.(decision);
    };
    if (!('code' in route)) return { request, response, route, onDecision };
    refuse({ response, onDecision }, route);
    return undefined;
  }

  /** Why a WebSocket may not open just now. Its host may have moved since the handshake began. */
  #refusal({ host, entry }: Route): Problem | undefined {
    const now = this.#table.match(host);
    if (this.#closing) return { code: 'shutting_down', detail: 'this edge is shutting down' };
    if (!now) return hostUnknown(host);
    if (now.resource !== entry.resource) return hostMoved(host);
    return now.websockets.enabled ? undefined : websocketsDisabled(now);
  }

  #relay({ host, entry }: Route, ends: TunnelEnds): void {
    const openedAt = performance.now();
    const tunnel = new Tunnel(ends, () => {
      this.#open.remove(connection);
      logWebsocket(this.#options.logger, connection, tunnel, performance.now() - openedAt);
    });
    const connection = new OpenConnection(host, entry.resource, tunnel);
    this.#open.add(connection);
  }
}
