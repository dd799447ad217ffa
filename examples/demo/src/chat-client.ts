import { once } from 'node:events';
import { WebSocket } from 'ws';
import { DemoStopped } from './api.js';

const PATIENCE_MS = 10_000;

/** How a handshake was refused. */
export interface Refusal {
  status: number;
  contentType: string;
  body: string;
}

/** Somebody who chats through the edge. */
export class ChatClient {
  private constructor(
    readonly name: string,
    private readonly socket: WebSocket,
  ) {}

  /** Throws DemoStopped if the edge refuses. */
  static async join(name: string, edge: string, hostname: string): Promise<ChatClient> {
    const outcome = await handshake(edge, hostname);
    if (outcome instanceof WebSocket) return new ChatClient(name, outcome);
    throw new DemoStopped(`The edge refused ${name}'s connection with ${outcome.status}: ${outcome.body}`);
  }

  say(text: string): void {
    this.socket.send(`${this.name}: ${text}`);
  }

  /** The next message that reaches this client. */
  async hear(): Promise<string> {
    const [message] = (await this.next('message')) as [Buffer];
    return message.toString();
  }

  /** The end of the connection, whoever ends it. */
  async closed(): Promise<{ code: number; reason: string }> {
    const [code, reason] = (await this.next('close')) as [number, Buffer];
    return { code, reason: reason.toString() };
  }

  async leave(): Promise<void> {
    const closed = this.closed();
    this.socket.close(1000);
    await closed;
  }

  private async next(event: 'message' | 'close'): Promise<unknown[]> {
    try {
      const outcome: unknown[] = await once(this.socket, event, {
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      return outcome;
    } catch (error) {
      throw new DemoStopped(`${this.name} waited ${PATIENCE_MS / 1_000} s in vain for: ${event}`, {
        cause: error,
      });
    }
  }
}

/** The open connection, or how it was refused. */
export async function handshake(edge: string, hostname: string): Promise<WebSocket | Refusal> {
  const socket = new WebSocket(`ws://${edge}/`, {
    headers: { host: hostname },
    handshakeTimeout: PATIENCE_MS,
  });
  return new Promise((resolve, reject) => {
    socket.once('open', () => resolve(socket));
    socket.once('error', (error) =>
      reject(new DemoStopped(`The edge does not answer at ${edge}: ${error.message}`, { cause: error })),
    );
    socket.once('unexpected-response', (_request, response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          contentType: response.headers['content-type'] ?? '',
          body: Buffer.concat(chunks).toString(),
        }),
      );
    });
  });
}
