import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { makeFolder } from '#event-store';
import { endProcess } from './end-process.js';
import { launchNatsServer, type Launched } from './nats-server-process.js';
import { explainTakenPort, leftBehind, serverName } from './nats-server-rivals.js';

const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 5_000;

export interface NatsServerOptions {
  /** On 127.0.0.1; 0 for any free one. */
  readonly port: number;
  /** Holds the pid file. The caller sees to it that no other live instance uses the same folder. */
  readonly dataDir: string;
  readonly fleet: string;
  readonly logger: Logger;
}

export interface NatsServer {
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * Runs a nats-server (core NATS only) as a child on loopback. One that dies is started again; one that an earlier run
 * with the same data folder left behind is replaced. Throws NatsServerUnavailable if it cannot be started.
 */
export async function startNatsServer(options: NatsServerOptions): Promise<NatsServer> {
  const { port, dataDir, fleet, logger } = options;
  makeFolder(dataDir);
  const name = serverName(dataDir, fleet);
  const pidFile = join(dataDir, 'nats-server.pid');
  const rival = leftBehind(pidFile, name);
  if (rival !== undefined) {
    logger.info({ natsServer: rival }, 'replacing the nats-server that an earlier run left behind');
    await endProcess(rival);
  }
  const launch = (onPort: number) =>
    launchNatsServer(
      ['--addr', '127.0.0.1', '--port', String(onPort || -1), '--name', name, '--pid', pidFile],
      logger,
    );
  const first = await launch(port).catch((error: unknown) => explainTakenPort(port, error));
  return new SupervisedNatsServer(first, () => launch(first.port), logger);
}

class SupervisedNatsServer implements NatsServer {
  readonly url: string;
  readonly #stopping = new AbortController();
  readonly #kill = () => this.#running.child.kill('SIGKILL');
  #running: Launched;
  #restarting = Promise.resolve();

  constructor(
    running: Launched,
    private readonly launch: () => Promise<Launched>,
    private readonly logger: Logger,
  ) {
    this.url = `nats://127.0.0.1:${running.port}`;
    this.#running = running;
    this.#watch();
    process.once('exit', this.#kill);
  }

  /** Its port is free when it has been reaped, not yet when it has died. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#restarting;
    const { child, pid } = this.#running;
    const reaped = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined;
    if (reaped) await endProcess(pid);
    await reaped;
    process.off('exit', this.#kill);
  }

  #watch(): void {
    this.#running.child.once('exit', (code, signal) => {
      if (this.#stopping.signal.aborted) return;
      this.logger.warn(
        { natsServer: this.#running.pid, code, signal },
        'nats-server died, starting it again',
      );
      this.#restarting = this.#restart();
    });
  }

  async #restart(): Promise<void> {
    const { signal } = this.#stopping;
    for (let wait = FIRST_RETRY_MS; !signal.aborted; wait = Math.min(wait * 2, LAST_RETRY_MS)) {
      await delay(wait, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      try {
        this.#running = await this.launch();
        return this.#watch();
      } catch (error) {
        this.logger.error({ err: error }, 'nats-server did not start again');
      }
    }
  }
}
