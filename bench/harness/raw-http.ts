import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** One keep-alive connection that sends one request at a time: cheap, so that the server is what is measured. */
export class RawHttp {
  #answered: ((status: number) => void) | undefined;
  #failed: ((error: Error) => void) | undefined;
  #buffer = '';
  /** Of the last answer. */
  body = '';

  private constructor(private readonly socket: Socket) {
    socket.setEncoding('latin1').on('data', (chunk: string) => this.#take(chunk));
    socket.on('close', () => this.#failed?.(new Error('the server closed the connection')));
    socket.on('error', (error) => this.#failed?.(error));
  }

  static async connect(port: number): Promise<RawHttp> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    return new RawHttp(socket);
  }

  /** Resolves with the status. */
  request(method: string, path: string, body: string, type = 'application/json'): Promise<number> {
    const length = Buffer.byteLength(body);
    const head = `${method} ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: ${type}\r\ncontent-length: ${length}\r\n\r\n`;
    return new Promise((resolve, reject) => {
      this.#answered = resolve;
      this.#failed = reject;
      this.socket.write(head + body);
    });
  }

  close(): void {
    this.#failed = undefined;
    this.socket.destroy();
  }

  #take(chunk: string): void {
    this.#buffer += chunk;
    const end = this.#buffer.indexOf('\r\n\r\n');
    if (end === -1) return;
    const head = this.#buffer.slice(0, end);
    const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
    if (this.#buffer.length < end + 4 + length) return;
    this.body = this.#buffer.slice(end + 4, end + 4 + length);
    this.#buffer = '';
    this.#answered?.(Number(head.slice(9, 12)));
  }
}
