import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Socket, type AddressInfo } from 'node:net';
import { hasBody } from './headers.js';
import { lastResponse } from './last-response.js';
import { linger } from './linger.js';
import { problemBytes, type Problem } from './problem.js';
import { asksForWebsocket } from './route.js';

/** For the head of a request; its body may take as long as bytes come. */
const HEAD_MS = 15_000;
const HEAD_CHECK_MS = 1_000;
const TCP_KEEP_ALIVE_MS = 60_000;
const CLOSE_MS = 5_000;
const CLOSE_CHECK_MS = 50;

export interface EdgeServerOptions {
  /** Milliseconds that a connection may be idle between requests. */
  idleMs: number;
  onRequest: (request: IncomingMessage, response: ServerResponse) => void;
  /** A handshake alone on its connection, which ends with the response; `head` are bytes behind it. */
  onHandshake: (request: IncomingMessage, response: ServerResponse, head: Buffer) => void;
  onConnect: (request: IncomingMessage, response: ServerResponse) => void;
  /** Hears why a connection could not be accepted. */
  onError: (error: Error) => void;
}

/** The HTTP/1.1 server that clients talk to: parses, and copes with whatever comes in. */
export class EdgeServer {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** Requests of a connection that are not answered yet, those pipelined included. */
  readonly #pending = new WeakMap<Socket, number>();
  readonly #onError: (error: Error) => void;
  #closed: Promise<void> | undefined;

  constructor({ idleMs, onRequest, onHandshake, onConnect, onError }: EdgeServerOptions) {
    this.#onError = onError;
    this.#server = createServer({
      requireHostHeader: false,
      headersTimeout: HEAD_MS,
      requestTimeout: 0,
      connectionsCheckingInterval: HEAD_CHECK_MS,
      keepAliveTimeout: idleMs,
      keepAlive: true,
      keepAliveInitialDelay: TCP_KEEP_ALIVE_MS,
      shouldUpgradeCallback: (request) => this.#isLoneHandshake(request),
    });
    // The size of a head limits its headers. A limit by number would cut some off unsaid, which can change the body.
    this.#server.maxHeadersCount = 0;
    const answer = (request: IncomingMessage, response: ServerResponse) => {
      this.#count(request.socket, response);
      onRequest(request, response);
    };
    this.#server
      .on('connection', (socket) => this.#tend(socket))
      .on('request', answer)
      .on('checkContinue', answer)
      .on('checkExpectation', answer)
      .on('upgrade', (request, _socket, head) => onHandshake(request, lastResponse(request), head))
      .on('connect', (request) => {
        if (this.#pending.get(request.socket)) request.socket.destroy();
        else onConnect(request, lastResponse(request));
      })
      .on('clientError', (error, socket) => this.#misunderstood(error, socket));
  }

  /** Throws what the system says when it cannot listen. */
  async listen(host: string, port: number): Promise<void> {
    this.#server.listen(port, host);
    await once(this.#server, 'listening');
    this.#server.on('error', this.#onError);
  }

  address(): { host: string; port: number } {
    const { address, port } = this.#server.address() as AddressInfo;
    return { host: address, port };
  }

  /** Accepts nothing more, lets what is under way end, and cuts off what has not ended after 5 s. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    // To Node, a connection is idle only after its first request.
    for (const socket of this.#sockets) if (socket.bytesRead === 0) socket.destroy();
    const idle = setInterval(() => this.#server.closeIdleConnections(), CLOSE_CHECK_MS);
    const deadline = setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy();
    }, CLOSE_MS);
    await closed;
    clearInterval(idle);
    clearTimeout(deadline);
  }

  #tend(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => undefined).once('close', () => this.#sockets.delete(socket));
  }

  #count(socket: Socket, response: ServerResponse): void {
    this.#pending.set(socket, (this.#pending.get(socket) ?? 0) + 1);
    response.once('close', () => this.#pending.set(socket, (this.#pending.get(socket) ?? 0) - 1));
  }

  /** Whatever else asks to upgrade is an ordinary request. An answer still due would end up within the WebSocket. */
  #isLoneHandshake(request: IncomingMessage): boolean {
    return asksForWebsocket(request) && !hasBody(request) && !this.#pending.get(request.socket);
  }

  #misunderstood(error: NodeJS.ErrnoException, socket: unknown): void {
    if (!(socket instanceof Socket) || socket.writableEnded) return;
    if (!socket.writable || this.#pending.get(socket)) return void socket.destroy();
    socket.write(problemBytes(problemOf(error)));
    linger(socket);
  }
}

function problemOf({ code = '' }: NodeJS.ErrnoException): Problem {
  if (code === 'HPE_HEADER_OVERFLOW')
    return { code: 'headers_too_large', detail: 'the request head has more than 16 KB' };
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return { code: 'request_timeout', detail: `the request head took more than ${HEAD_MS / 1_000} s` };
  return { code: 'request_invalid', detail: `this is not HTTP/1.1 (${code})` };
}
