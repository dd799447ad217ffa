import { createHash } from 'node:crypto';
import { readFileSync, realpathSync } from 'node:fs';
import { connect } from 'node:net';
import { commandLine } from './end-process.js';
import { NatsServerUnavailable } from './nats-server-process.js';

const ANSWER_WITHIN_MS = 1_000;

/** The name by which a server of this data folder is known again. */
export function serverName(dataDir: string, fleet: string): string {
  const folder = createHash('sha256').update(realpathSync(dataDir)).digest('hex').slice(0, 12);
  return `upgate-${fleet}-${folder}`;
}

/** The pid of a live nats-server that the pid file names and that bears `name`: ours, from an earlier run. */
export function leftBehind(pidFile: string, name: string): number | undefined {
  const pid = readPid(pidFile);
  if (pid === undefined) return undefined;
  const command = commandLine(pid);
  return command.includes('nats-server') && command.split(' ').includes(name) ? pid : undefined;
}

/** Throws the reason why no server could be started on `port`: what else listens there, if that is why. */
export async function explainTakenPort(port: number, error: unknown): Promise<never> {
  const rival = port === 0 ? undefined : await whoAnswers(port);
  if (rival === undefined) throw error;
  throw new NatsServerUnavailable(
    `Port ${port} on 127.0.0.1 is taken by ${rival}. Choose another port with UPGATE_NATS_PORT, or set ` +
      `UPGATE_NATS=nats://127.0.0.1:${port} if it is a NATS server that Upgate may use.`,
    { cause: error },
  );
}

/** A NATS server speaks first: INFO and its particulars as JSON. */
function whoAnswers(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const answer = (who: string | undefined) => {
      socket.destroy();
      resolve(who);
    };
    socket.setTimeout(ANSWER_WITHIN_MS, () => answer('a program that is no NATS server'));
    socket.once('error', () => answer(undefined));
    socket.once('data', (data) => answer(describe(data.toString('latin1'))));
    socket.once('end', () => answer('a program that is no NATS server'));
  });
}

function describe(greeting: string): string {
  if (!greeting.startsWith('INFO ')) return 'a program that is no NATS server';
  const name = /"server_name":"([^"]*)"/.exec(greeting)?.[1] ?? '';
  return `another NATS server ("${name}")`;
}

function readPid(pidFile: string): number | undefined {
  try {
    return Number(/^\d+/.exec(readFileSync(pidFile, 'utf8'))?.[0]) || undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
