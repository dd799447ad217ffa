import { once } from 'node:events';
import type { FastifyReply } from 'fastify';

const HEARTBEAT_MS = 15_000;
/** A reader that takes nothing for this long is cut off. */
const STALLED_MS = 30_000;

/** One reader of server-sent events. What is sent waits for the reader, so that nothing piles up here. */
export class EventStream {
  readonly #response: FastifyReply['raw'];
  readonly #closed = new AbortController();

  constructor(reply: FastifyReply, stopping: AbortSignal) {
    reply.hijack();
    this.#response = reply.raw;
    this.#response.writeHead(200, {
      'x-request-id': reply.request.id,
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
    });
    this.#response.write(': open\n\n');
    const heartbeat = setInterval(() => this.#beat(), HEARTBEAT_MS);
    const end = () => this.#response.end();
    stopping.addEventListener('abort', end);
    this.#response.once('close', () => {
      clearInterval(heartbeat);
      stopping.removeEventListener('abort', end);
      this.#closed.abort();
    });
    if (reply.request.method === 'HEAD') end();
  }

  /** Aborted when the reader is gone. */
  get closed(): AbortSignal {
    return this.#closed.signal;
  }

  /** Resolves when the reader can take more; to false when there is no reader any more. */
  async send(event: string, data: unknown, id?: string): Promise<boolean> {
    const idLine = id === undefined ? '' : `id: ${id}\n`;
    if (!this.#isOpen) return false;
    if (this.#response.write(`event: ${event}\n${idLine}data: ${JSON.stringify(data)}\n\n`)) return true;
    return this.#drained();
  }

  async #drained(): Promise<boolean> {
    const patience = AbortSignal.timeout(STALLED_MS);
    try {
      await once(this.#response, 'drain', { signal: AbortSignal.any([this.closed, patience]) });
      return true;
    } catch {
      this.#response.destroy();
      return false;
    }
  }

  get #isOpen(): boolean {
    return !this.#response.writableEnded && !this.#response.destroyed;
  }

  #beat(): void {
    if (this.#isOpen && !this.#response.writableNeedDrain) this.#response.write(': still here\n\n');
  }
}
