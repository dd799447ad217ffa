import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';

interface Command {
  file: string;
  args: string[];
  env: Record<string, string>;
}

/** A process that is killed, stopped and started again; all it says goes to one file. */
export class ManagedProcess {
  /** Counts the starts. */
  incarnation = 0;
  #child: ChildProcess | undefined;
  #expected = true;

  constructor(
    readonly name: string,
    private readonly command: Command,
    private readonly logFile: string,
    private readonly onDeath: (account: string) => void,
  ) {}

  start(): void {
    if (this.#running) return;
    const { file, args, env } = this.command;
    const log = createWriteStream(this.logFile, { flags: 'a' });
    const child = spawn(file, args, {
      env: { PATH: process.env['PATH'], ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      // Ctrl-C is for the run, which then ends them.
      detached: true,
    });
    child.stdout.pipe(log, { end: false });
    child.stderr.pipe(log, { end: false });
    child.once('error', (error) => this.onDeath(`${this.name} cannot be started: ${error.message}`));
    child.once('close', (code, signal) => {
      log.end();
      if (!this.#expected && this.#child === child)
        this.onDeath(`${this.name} ended by itself with ${signal ?? code}: see ${this.logFile}`);
    });
    this.#child = child;
    this.#expected = false;
    this.incarnation += 1;
  }

  pause(): void {
    this.#child?.kill('SIGSTOP');
  }

  resume(): void {
    this.#child?.kill('SIGCONT');
  }

  kill(): Promise<void> {
    return this.#end('SIGKILL');
  }

  /** Ends it when there is no time to wait for its end. */
  abandon(): void {
    this.#child?.kill('SIGKILL');
  }

  async stop(): Promise<void> {
    this.resume();
    const patience = setTimeout(() => void this.kill(), 10_000);
    await this.#end('SIGTERM');
    clearTimeout(patience);
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    this.#expected = true;
    if (!this.#running) return;
    const ended = once(this.#child!, 'exit');
    this.#child!.kill(signal);
    await ended;
  }

  get #running(): boolean {
    const child = this.#child;
    return child?.pid !== undefined && child.exitCode === null && child.signalCode === null;
  }
}
