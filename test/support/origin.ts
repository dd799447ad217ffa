import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';

/** A real origin: answers HTTP with what it was asked, and echoes WebSocket messages with a greeting of its name. */
export class Origin {
  readonly requests: IncomingMessage[] = [];
  readonly sockets: WebSocketServer;
  readonly #server: Server;

  private constructor(readonly name: string) {
    this.#server = createServer((request, response) => {
      this.requests.push(request);
      request.resume();
      response.end(JSON.stringify({ origin: name, url: request.url, headers: request.headers }));
    });
    this.sockets = new WebSocketServer({ server: this.#server });
    this.sockets.on('connection', (socket, request) => {
      this.requests.push(request);
      socket.on('error', () => socket.terminate());
      socket.on('message', (data, binary) => socket.send(data, { binary }));
      socket.send(`welcome to ${name}`);
    });
  }

  static async start(name = 'origin'): Promise<Origin> {
    const origin = new Origin(name);
    origin.#server.listen(0, '127.0.0.1');
    await once(origin.#server, 'listening');
    return origin;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets.clients) socket.terminate();
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
