import { once } from 'node:events';
import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { WebSocket, type ClientOptions } from 'ws';

export type Handshake =
  | { open: true; socket: WebSocket; greeting: string }
  | { open: false; status: number; headers: NodeJS.Dict<string | string[]>; body: string };

/** Tries to open a WebSocket to a host through the edge; the origin's first message proves that it got there. */
export async function handshake(edge: string, host: string, options: ClientOptions = {}): Promise<Handshake> {
  const socket = new WebSocket(`ws://${edge}/`, { ...options, headers: { host, ...options.headers } });
  return new Promise((resolve, reject) => {
    socket.once('message', (data: Buffer) => resolve({ open: true, socket, greeting: data.toString() }));
    socket.once('unexpected-response', (_request, response) => {
      const { statusCode = 0, headers } = response;
      text(response).then((body) => resolve({ open: false, status: statusCode, headers, body }), reject);
    });
    socket.once('error', reject);
  });
}

/** The status of a handshake; 101 if it opened, and then closed again. */
export async function handshakeStatus(edge: string, host: string): Promise<number> {
  const result = await handshake(edge, host);
  if (!result.open) return result.status;
  result.socket.terminate();
  return 101;
}

/** Opens a WebSocket that must open. */
export async function openSocket(edge: string, host: string): Promise<WebSocket> {
  const result = await handshake(edge, host);
  if (!result.open) throw new Error(`the handshake with ${host} gave ${result.status}: ${result.body}`);
  return result.socket;
}

/** Sends a message and waits for its echo. */
export async function echo(socket: WebSocket, message: string): Promise<string> {
  const answer = once(socket, 'message');
  socket.send(message);
  return String((await answer)[0]);
}

/** Resolves with the close code. */
export async function closed(socket: WebSocket): Promise<number> {
  return (await once(socket, 'close'))[0] as number;
}

export async function httpStatus(edge: string, host: string): Promise<number> {
  const [hostname, port] = edge.split(':');
  const outgoing = request({ host: hostname, port, headers: { host }, agent: false }).end();
  const [response] = (await once(outgoing, 'response')) as [import('node:http').IncomingMessage];
  response.resume();
  return response.statusCode ?? 0;
}
