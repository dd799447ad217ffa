import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';

/** Takes connections and says nothing, as a program that hangs does. */
export class SilentServer {
  /** How many connections it has taken. */
  taken = 0;
  readonly #open = new Set<Socket>();
  readonly #server: Server;

  static async listen(port: number): Promise<SilentServer> {
    const silent = new SilentServer();
    silent.#server.listen(port, '127.0.0.1');
    await once(silent.#server, 'listening');
    return silent;
  }

  private constructor() {
    this.#server = createServer((socket) => this.#take(socket));
  }

  /** How many of the connections are open. */
  get open(): number {
    return this.#open.size;
  }

  async stop(): Promise<void> {
    const closed = once(this.#server.close(), 'close');
    for (const socket of this.#open) socket.destroy();
    await closed;
  }

  #take(socket: Socket): void {
    this.taken += 1;
    this.#open.add(socket);
    socket.resume().on('error', () => undefined);
    socket.on('close', () => this.#open.delete(socket));
  }
}
