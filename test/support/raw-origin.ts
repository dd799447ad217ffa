import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { eventually } from './condition.js';

/** An origin's side of one connection: what it was sent so far. */
export class RawOriginConnection {
  #received: Buffer[] = [];
  ended = false;

  constructor(readonly socket: Socket) {
    socket.on('data', (chunk: Buffer) => this.#received.push(chunk));
    socket.on('error', () => undefined);
    socket.once('end', () => (this.ended = true)).once('close', () => (this.ended = true));
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#received);
  }

  get received(): string {
    return this.bytes.toString('latin1');
  }

  async hears(pattern: RegExp): Promise<string> {
    await eventually(`the origin to be sent ${pattern}`, () => pattern.test(this.received));
    return this.received;
  }

  send(text: string | Buffer): void {
    this.socket.write(text);
  }
}

/** An origin that speaks byte by byte, as it is told. */
export class RawOrigin {
  readonly connections: RawOriginConnection[] = [];

  private constructor(private readonly server: Server) {
    server.on('connection', (socket) => this.connections.push(new RawOriginConnection(socket)));
  }

  static async start(): Promise<RawOrigin> {
    const server = createServer({ allowHalfOpen: true });
    const origin = new RawOrigin(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return origin;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** The connection that was made as the n-th, from 0. */
  connection(index = 0): Promise<RawOriginConnection> {
    return eventually(`connection ${index} to the origin`, () => this.connections[index]);
  }

  async stop(): Promise<void> {
    for (const { socket } of this.connections) socket.destroy();
    await once(this.server.close(), 'close');
  }
}
