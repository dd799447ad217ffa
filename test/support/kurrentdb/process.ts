import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Order, Standing } from './control.js';

const MAIN = join(import.meta.dirname, '../../../dist/test/support/kurrentdb/main.js');

/** The test server in a process of its own. */
export class KurrentProcess {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  #port = 0;

  private constructor() {
    this.#child = spawn(process.execPath, [MAIN], { stdio: ['pipe', 'pipe', 'inherit'] });
    const lines = createInterface({ input: this.#child.stdout! });
    this.#lines = lines[Symbol.asyncIterator]();
  }

  static async start(): Promise<KurrentProcess> {
    const server = new KurrentProcess();
    server.#port = (await server.#standing()).port;
    return server;
  }

  /** Without transport security the client never sends who it is. */
  address(credentials: string): string {
    return `kurrentdb://${credentials}@127.0.0.1:${this.#port}?tls=false`;
  }

  async tell(order: Order): Promise<Standing> {
    this.#child.stdin!.write(`${JSON.stringify(order)}\n`);
    return this.#standing();
  }

  async stop(): Promise<void> {
    const exited = once(this.#child, 'exit');
    this.#child.kill();
    await exited;
  }

  async #standing(): Promise<Standing> {
    const line: IteratorResult<string, undefined> = await this.#lines.next();
    return JSON.parse(line.value ?? '{}') as Standing;
  }
}
