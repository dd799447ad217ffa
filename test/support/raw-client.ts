import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { eventually } from './condition.js';

/** Speaks to a server byte by byte, and remembers all that it answered. */
export class RawClient {
  #received: Buffer[] = [];
  /** How the server ended it; undefined while it has not. */
  ended: 'end' | 'reset' | undefined;

  private constructor(readonly socket: Socket) {
    socket.on('data', (chunk: Buffer) => this.#received.push(chunk));
    socket.once('end', () => (this.ended ??= 'end'));
    socket.on('error', () => (this.ended ??= 'reset'));
  }

  /** To `host:port`; says at once what it is given to say. */
  static async connect(address: string, text: string | Buffer = ''): Promise<RawClient> {
    const [host, port] = address.split(':');
    const socket = connect({ host: host!, port: Number(port), allowHalfOpen: true });
    await once(socket, 'connect');
    const client = new RawClient(socket);
    client.send(text);
    return client;
  }

  get received(): string {
    return this.bytes.toString('latin1');
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#received);
  }

  send(text: string | Buffer): void {
    this.socket.write(text);
  }

  /** Waits until what was received matches. */
  async hears(pattern: RegExp): Promise<string> {
    await eventually(`${pattern} in ${JSON.stringify(this.received.slice(0, 500))}`, () =>
      pattern.test(this.received),
    );
    return this.received;
  }

  /** Waits until the server has ended the connection, and gives all that it said. */
  async over(): Promise<string> {
    await eventually('the server to end the connection', () => this.ended !== undefined);
    this.socket.destroy();
    return this.received;
  }

  close(): void {
    this.socket.destroy();
  }
}

/** The head of a request: a request line, headers, each without its line end. */
export function head(...lines: string[]): string {
  return `${lines.join('\r\n')}\r\n\r\n`;
}

/** The head of a WebSocket handshake. */
export function handshakeHead(host: string, ...headers: string[]): string {
  return head(
    'GET /socket?token=secret HTTP/1.1',
    `Host: ${host}`,
    'Connection: Upgrade',
    ...(headers.some((header) => /^upgrade:/i.test(header)) ? [] : ['Upgrade: websocket']),
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ...headers,
  );
}
