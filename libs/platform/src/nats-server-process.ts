import { spawn, type ChildProcess } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Logger } from 'pino';

const READY_WITHIN_MS = 10_000;
const SYSTEM_FOLDERS = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/opt/homebrew/bin'];

/** A nats-server that cannot be started, and what to do about it. */
export class NatsServerUnavailable extends Error {
  override readonly name = 'NatsServerUnavailable';
}

export interface Launched {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly port: number;
}

/**
 * Starts a nats-server with `args`, in a process group of its own so that a terminal's Ctrl-C does not end it before
 * those who use it, and waits until it takes connections. Rejects with the last words of one that ends before.
 */
export function launchNatsServer(args: readonly string[], logger: Logger): Promise<Launched> {
  const child = spawn(findNatsServer(), args, { detached: true, stdio: ['ignore', 'ignore', 'pipe'] });
  return new Promise((resolve, reject) => {
    let port = 0;
    let lastLine = '';
    const timer = setTimeout(() => child.kill('SIGKILL'), READY_WITHIN_MS);
    child.once('error', reject);
    child.once('close', () => {
      clearTimeout(timer);
      reject(new NatsServerUnavailable(`nats-server did not start: ${lastLine}`));
    });
    createInterface({ input: child.stderr }).on('line', (line) => {
      lastLine = line;
      logger.debug({ natsServer: child.pid }, line);
      port ||= Number(/Listening for client connections on .*:(\d+)$/.exec(line)?.[1] ?? 0);
      if (!line.endsWith('Server is ready') || child.pid === undefined) return;
      clearTimeout(timer);
      resolve({ child, pid: child.pid, port });
    });
  });
}

function findNatsServer(): string {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...SYSTEM_FOLDERS];
  const found = folders.map((folder) => join(folder, 'nats-server')).find(isExecutable);
  if (found) return found;
  throw new NatsServerUnavailable(
    'nats-server is not installed. Install it (Debian, Ubuntu: sudo apt-get install nats-server; macOS: ' +
      'brew install nats-server), or set UPGATE_NATS to the address of a NATS server that runs already.',
  );
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
