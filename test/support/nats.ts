import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { freePorts } from './ports.js';

/** A real nats-server on a port of its own, which it keeps over restarts. */
export class NatsServer {
  #child: ChildProcess | undefined;

  private constructor(
    readonly port: number,
    private readonly args: readonly string[],
  ) {}

  /** A port for a server that is not running yet. */
  static async reserve(args: readonly string[] = []): Promise<NatsServer> {
    const [port] = await freePorts(1);
    return new NatsServer(port!, args);
  }

  /** `args`: further options of the command line. */
  static async launch(args: readonly string[] = []): Promise<NatsServer> {
    const server = await NatsServer.reserve(args);
    await server.start();
    return server;
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  /** Resolves when it takes connections. */
  async start(): Promise<void> {
    const child = spawn('nats-server', ['-a', '127.0.0.1', '-p', `${this.port}`, ...this.args], {
      env: { PATH: `${process.env['PATH']}:/usr/sbin:/usr/local/sbin` },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#child = child;
    const said: string[] = [];
    for await (const line of createInterface({ input: child.stderr })) {
      said.push(line);
      if (line.includes('Server is ready')) return void child.stderr.resume();
    }
    throw new Error(`nats-server did not start:\n${said.join('\n')}`);
  }

  /** Ends it at once, as a crash would. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
}
