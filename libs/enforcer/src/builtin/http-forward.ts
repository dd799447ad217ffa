import type { ClientRequest, IncomingMessage } from 'node:http';
import { refuse, relayAnswer, type Exchange } from './exchange.js';
import { expectsContinue, hasBody, requestHeaders } from './headers.js';
import { IdleTimer } from './idle-timer.js';
import { originProblem, type OriginRequest, type Origins } from './origins.js';
import type { Problem } from './problem.js';

const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

/** Carries one request to its origin and the answer back, both streamed. */
export class HttpForward {
  readonly #exchange: Exchange;
  readonly #origins: Origins;
  readonly #idle: IdleTimer;
  #upstream: ClientRequest | undefined;
  #settled = false;
  #continued = false;

  constructor(exchange: Exchange, origins: Origins, idleMs: number) {
    this.#exchange = exchange;
    this.#origins = origins;
    this.#idle = new IdleTimer(idleMs, () => this.#expire());
  }

  start(): void {
    const { request, response } = this.#exchange;
    request.on('error', () => undefined);
    response.once('close', () => this.#end());
    this.#idle.watch(request, response);
    this.#send('pooled');
  }

  #send(connection: OriginRequest['connection']): void {
    const upstream = this.#open(connection);
    if (!upstream) return;
    const { request } = this.#exchange;
    this.#upstream = upstream;
    this.#idle.watch(upstream);
    upstream.once('response', (answer) => this.#answer(answer));
    upstream.once('upgrade', (_answer, socket) => socket.destroy());
    upstream.on('continue', () => this.#continue());
    upstream.on('information', (hints) => this.#inform(hints));
    upstream.on('error', (error) => this.#failed(error, upstream));
    upstream.once('close', () => this.#closed(upstream));
    if (!hasBody(request)) return void upstream.end();
    upstream.flushHeaders();
    request.pipe(upstream);
  }

  #open(connection: OriginRequest['connection']): ClientRequest | undefined {
    const { request, route } = this.#exchange;
    const { method = 'GET' } = request;
    const headers = requestHeaders(request, route.authority);
    try {
      return this.#origins.request(route.entry.origin, { method, path: route.path, headers, connection });
    } catch {
      this.#fail({ code: 'request_invalid', detail: 'the request head is not valid', close: true });
      return undefined;
    }
  }

  #answer(answer: IncomingMessage): void {
    this.#settled = true;
    this.#idle.watch(answer);
    // A client that was not told to send its body may or may not send it now: nothing after it could be understood.
    const close = expectsContinue(this.#exchange.request) && !this.#continued;
    relayAnswer(this.#exchange, answer, { close });
  }

  #continue(): void {
    const { request, response } = this.#exchange;
    if (!expectsContinue(request) || this.#continued || response.headersSent) return;
    this.#continued = true;
    response.writeContinue();
  }

  #inform({ statusCode, headers }: { statusCode: number; headers: IncomingMessage['headers'] }): void {
    const { request, response } = this.#exchange;
    if (statusCode !== 103 || request.httpVersion !== '1.1' || response.headersSent) return;
    try {
      response.writeEarlyHints({ link: headers['link'] ?? [] });
    } catch {
      // A hint that is not well-formed is left out; the answer does not depend on it.
    }
  }

  /** An origin may close an idle connection just when it is used again. Only what can do no harm twice is repeated. */
  #failed(error: Error, upstream: ClientRequest): void {
    if (this.#settled || upstream !== this.#upstream) return;
    const { request } = this.#exchange;
    const again = upstream.reusedSocket && IDEMPOTENT.has(request.method ?? '') && !hasBody(request);
    if (again && !request.socket.destroyed) this.#send('fresh');
    else this.#fail(originProblem(error, upstream));
  }

  #closed(upstream: ClientRequest): void {
    const { request } = this.#exchange;
    if (upstream !== this.#upstream) return;
    if (!this.#settled)
      this.#fail({ code: 'origin_failed', detail: 'the origin switched protocols unasked' });
    request.unpipe(upstream);
    request.resume();
  }

  #expire(): void {
    const { request } = this.#exchange;
    const untaken = this.#upstream?.writableNeedDrain === true;
    const waiting = untaken || request.complete || (expectsContinue(request) && !this.#continued);
    this.#fail(
      waiting
        ? { code: 'origin_timeout', detail: `the origin ${untaken ? 'took' : 'sent'} nothing for too long` }
        : { code: 'request_timeout', detail: 'the request sent nothing for too long', close: true },
    );
  }

  #fail(problem: Problem): void {
    const { request, response } = this.#exchange;
    this.#settled = true;
    if (response.headersSent) request.socket.resetAndDestroy();
    else refuse(this.#exchange, problem);
    this.#end();
  }

  /** An early answer does not end the request: its body goes on as long as the client is there. */
  #end(): void {
    const { request, response } = this.#exchange;
    this.#settled = true;
    this.#idle.stop();
    if (!response.writableFinished) this.#upstream?.destroy();
    else if (!request.complete) this.#outlive();
  }

  /** The connection may serve many more requests: it must not hold on to this one beyond its end. */
  #outlive(): void {
    const { request } = this.#exchange;
    const { socket } = request;
    const letGo = () => this.#upstream?.destroy();
    socket.once('close', letGo);
    request.once('end', () => socket.off('close', letGo));
  }
}
