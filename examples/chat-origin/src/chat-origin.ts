import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import { PAGE } from './page.js';

const MAX_MESSAGE_BYTES = 4_096;

export interface ChatOrigin {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  stop(): Promise<void>;
}

/** A chat on 127.0.0.1: a page, and a WebSocket that passes every message on to all. Port 0 takes any free one. */
export async function startChatOrigin(port: number): Promise<ChatOrigin> {
  const server = createServer(servePage);
  const chat = new WebSocketServer({ server, maxPayload: MAX_MESSAGE_BYTES });
  chat.on('connection', (socket) => {
    socket.on('error', () => socket.terminate());
    socket.on('message', (message) => {
      for (const listener of chat.clients) listener.send(message, { binary: false });
    });
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      for (const socket of chat.clients) socket.close(1001, 'the chat has ended');
      server.close();
      server.closeIdleConnections();
      await once(server, 'close');
    },
  };
}

function servePage(request: IncomingMessage, response: ServerResponse): void {
  if (request.url !== '/') {
    response.writeHead(404, { 'content-type': 'text/plain' }).end('There is only the chat here, at /\n');
    return;
  }
  response
    .writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-cache' })
    .end(PAGE);
}
