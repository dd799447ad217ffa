import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { NatsServer } from '../../test/support/nats.js';
import { freePorts } from '../../test/support/ports.js';
import { Program } from '../../test/support/program.js';
import { eventually } from '../../test/support/condition.js';

const READY_MS = 120_000;

/** One of Upgate's programs and where it listens. */
export interface Running extends AsyncDisposable {
  program: Program;
  http: number;
  grpc: number;
}

/**
 * Starts a control-plane program (`command`, `projection`) on free ports; resolves when it is ready. Its log goes to a
 * file: to read it here would take the processor from what is measured.
 */
export async function startProgram(
  app: string,
  data: string,
  env: Record<string, string> = {},
): Promise<Running> {
  const [http, grpc] = await freePorts(2);
  const addresses = { UPGATE_HTTP: `127.0.0.1:${http}`, UPGATE_GRPC: `127.0.0.1:${grpc}` };
  const log = openSync(join(data, `${app}.log`), 'w');
  const program = new Program(
    join('apps', app, 'src/main.js'),
    { ...addresses, UPGATE_DATA: data, ...env },
    [],
    log,
  );
  closeSync(log);
  await readyAt(program, http!);
  return { program, http: http!, grpc: grpc!, [Symbol.asyncDispose]: () => program.kill() };
}

/** Resolves when the program says at `/readyz` of this port that it is ready. */
async function readyAt(program: Program, port: number): Promise<void> {
  const ready = eventually(`port ${port} to be ready`, () => isReady(port), READY_MS);
  const ended = program.exited().then((code) => {
    throw new Error(`a program ended with code ${code} before it was ready:\n${program.said}`);
  });
  await Promise.race([ready, ended]);
}

async function isReady(port: number): Promise<boolean> {
  return (await fetch(`http://127.0.0.1:${port}/readyz`)).ok;
}

/** A nats-server of its own on a free port, which ends with the stack. */
export async function launchNats(
  stack: AsyncDisposableStack,
  args: readonly string[] = [],
): Promise<NatsServer> {
  const server = await NatsServer.launch(args);
  stack.defer(() => server.stop());
  return server;
}
