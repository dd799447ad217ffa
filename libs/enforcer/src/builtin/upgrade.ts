import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { refuse, relayAnswer, type Exchange } from './exchange.js';
import { endToEnd, tokens, upgradeHeaders } from './headers.js';
import { IdleTimer } from './idle-timer.js';
import { originProblem, OriginTimeout, type Origins } from './origins.js';
import type { Problem } from './problem.js';
import type { TunnelEnds } from './tunnel.js';

/** A client has no business sending before its handshake is answered; a little is kept for the impatient. */
const MAX_EARLY_BYTES = 65_536;

export interface UpgradeContext {
  origins: Origins;
  handshakeMs: number;
  idleMs: number;
  /** Asked when the origin has agreed: why the WebSocket may not open after all. */
  refusal: () => Problem | undefined;
  onOpen: (ends: TunnelEnds) => void;
}

/** Carries a WebSocket handshake to the origin, and its answer back: it opens only by a 101. */
export class Upgrade {
  readonly #exchange: Exchange;
  readonly #context: UpgradeContext;
  readonly #client: Socket;
  readonly #early: Buffer[];

  constructor(exchange: Exchange, head: Buffer, context: UpgradeContext) {
    this.#exchange = exchange;
    this.#context = context;
    this.#client = exchange.request.socket;
    this.#early = [head];
  }

  start(): void {
    const upstream = this.#open();
    if (!upstream) return;
    this.#limit(upstream);
    upstream.once('response', (answer) => this.#decline(answer));
    upstream.once('upgrade', (answer, socket, head) => this.#accept(answer, socket, head));
    upstream.on('error', (error) => this.#fail(originProblem(error, upstream)));
    this.#client.on('data', this.#keepEarly).once('end', this.#abandon);
    this.#client.once('close', () => upstream.destroy());
    upstream.end();
  }

  #open(): ClientRequest | undefined {
    const { request, route } = this.#exchange;
    const { path, authority, entry } = route;
    const headers = upgradeHeaders(request, authority);
    try {
      const head = { method: 'GET', path, headers, connection: 'fresh' } as const;
      return this.#context.origins.request(entry.origin, head);
    } catch {
      this.#fail({ code: 'request_invalid', detail: 'the request head is not valid' });
      return undefined;
    }
  }

  #limit(upstream: ClientRequest): void {
    const { handshakeMs } = this.#context;
    const expire = () => upstream.destroy(new OriginTimeout(`no handshake within ${handshakeMs} ms`));
    const timer = setTimeout(expire, handshakeMs);
    for (const end of ['response', 'upgrade', 'close']) upstream.once(end, () => clearTimeout(timer));
  }

  /** Anything but a 101 is the answer, and the last one on this connection. */
  #decline(answer: IncomingMessage): void {
    const { response } = this.#exchange;
    const idle = new IdleTimer(this.#context.idleMs, () => this.#client.resetAndDestroy());
    response.once('finish', () => idle.stop()).once('close', () => idle.stop());
    idle.watch(answer, response);
    relayAnswer(this.#exchange, answer, { close: true });
  }

  #accept(answer: IncomingMessage, origin: Socket, originHead: Buffer): void {
    origin.on('error', () => undefined);
    const problem = this.#context.refusal() ?? faultOf(answer);
    if (problem || this.#client.destroyed) origin.destroy();
    if (problem) return this.#fail(problem);
    if (this.#client.destroyed) return;
    this.#exchange.onDecision('upgraded');
    this.#exchange.response.detachSocket(this.#client);
    this.#client.off('data', this.#keepEarly).off('end', this.#abandon);
    this.#client.write(switchingProtocols(answer), 'latin1');
    const clientHead = Buffer.concat(this.#early);
    this.#context.onOpen({ client: this.#client, clientHead, origin, originHead });
  }

  #fail(problem: Problem): void {
    const { response } = this.#exchange;
    if (response.headersSent || this.#client.destroyed) this.#client.destroy();
    else refuse(this.#exchange, { ...problem, close: true });
  }

  readonly #keepEarly = (chunk: Buffer): void => {
    this.#early.push(chunk);
    if (this.#early.reduce((sum, { length }) => sum + length, 0) > MAX_EARLY_BYTES) this.#client.destroy();
  };

  /** Reading tells when a client gives up. */
  readonly #abandon = (): void => {
    this.#client.destroy();
  };
}

function faultOf({ headers }: IncomingMessage): Problem | undefined {
  if (tokens(headers.upgrade).join() === 'websocket') return undefined;
  return { code: 'origin_failed', detail: 'the origin switched to another protocol' };
}

function switchingProtocols({ rawHeaders }: IncomingMessage): string {
  const headers = ['Connection', 'Upgrade', 'Upgrade', 'websocket', ...endToEnd(rawHeaders)];
  const lines = ['HTTP/1.1 101 Switching Protocols'];
  for (let at = 0; at < headers.length; at += 2) lines.push(`${headers[at]}: ${headers[at + 1]}`);
  return `${lines.join('\r\n')}\r\n\r\n`;
}
