import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** The methods that a process offers: each takes one argument and answers with what IPC can carry. */
export type Methods<M> = { [K in keyof M]: (argument: never) => unknown };

interface Request {
  id: number;
  method: string;
  argument: unknown;
}

type Reply = { id: number; answer: unknown } | { id: number; error: string };

/** What is measured of memory is what is in use, so that garbage is collected first. */
const NODE = ['--max-old-space-size=12288', '--expose-gc'];

/** A process of the benchmark, run from the build, whose methods can be called from here. */
export class Remote<M extends Methods<M>> implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<
    number,
    { resolve: (answer: unknown) => void; reject: (error: Error) => void }
  >();
  #calls = 0;

  /** `module`: a file of bench/, such as `fleet/fleet.js`. */
  constructor(private readonly module: string) {
    this.#child = fork(join(import.meta.dirname, '..', module), {
      execArgv: NODE,
      serialization: 'advanced',
    });
    this.#child.on('message', (reply: Reply) => this.#settle(reply));
    this.#child.on('exit', (code, signal) => this.#fail(`${module} ended: ${signal ?? code}`));
  }

  call<K extends keyof M & string>(
    method: K,
    argument: Parameters<M[K]>[0],
  ): Promise<Awaited<ReturnType<M[K]>>> {
    const id = (this.#calls += 1);
    return new Promise((resolve, reject) => {
      const accept = (answer: unknown) => resolve(answer as Awaited<ReturnType<M[K]>>);
      this.#waiting.set(id, { resolve: accept, reject });
      this.#child.send({ id, method, argument } satisfies Request);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }

  #settle(reply: Reply): void {
    const call = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if ('error' in reply) call?.reject(new Error(`${this.module}: ${reply.error}`));
    else call?.resolve(reply.answer);
  }

  #fail(reason: string): void {
    for (const { reject } of this.#waiting.values()) reject(new Error(reason));
    this.#waiting.clear();
  }
}

/** The other end: offers `methods` to the process that started this one, and ends with it. */
export function serve<M extends Methods<M>>(methods: M): void {
  process.on('disconnect', () => process.exit());
  process.on('message', (request: Request) => void respond(methods, request));
}

async function respond<M extends Methods<M>>(methods: M, { id, method, argument }: Request): Promise<void> {
  try {
    const call: (argument: never) => unknown = methods[method as keyof M];
    process.send!({ id, answer: await call(argument as never) } satisfies Reply);
  } catch (error) {
    process.send!({
      id,
      error: error instanceof Error ? (error.stack ?? error.message) : String(error),
    } satisfies Reply);
  }
}
