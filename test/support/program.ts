import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** The checkout, from the sources as well as from the build. */
const ROOT = join(import.meta.dirname, '../..').replace(/\/dist$/, '');

export interface LogLine {
  msg: string;
  level: number;
  [field: string]: unknown;
}

/** One of our programs as a process of its own, run from the build, with its log read line by line. */
export class Program {
  readonly lines: LogLine[] = [];
  stderr = '';
  readonly #child: ChildProcess;
  readonly #exited: Promise<number | null>;

  /** With `log`, a file that is open, the log goes there and is not read. */
  constructor(entry: string, env: Record<string, string>, args: readonly string[] = [], log?: number) {
    this.#child = spawn(process.execPath, [join(ROOT, 'dist', entry), ...args], {
      cwd: ROOT,
      env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', UPGATE_LOG: 'json', ...env },
      stdio: ['ignore', log ?? 'pipe', 'pipe'],
    });
    this.#exited = once(this.#child, 'exit').then(([code]) => code as number | null);
    const { stdout } = this.#child;
    if (stdout) createInterface({ input: stdout }).on('line', (line) => this.lines.push(parseLine(line)));
    this.#child.stderr!.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
  }

  get pid(): number {
    return this.#child.pid!;
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** All that the program has said, for a failing test to show. */
  get said(): string {
    return [...this.lines.slice(-40).map((line) => JSON.stringify(line)), this.stderr].join('\n');
  }

  signal(signal: NodeJS.Signals): void {
    if (this.running) this.#child.kill(signal);
  }

  exited(): Promise<number | null> {
    return this.#exited;
  }

  async stop(): Promise<number | null> {
    this.signal('SIGTERM');
    return this.#exited;
  }

  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.#exited;
  }
}

function parseLine(line: string): LogLine {
  try {
    return JSON.parse(line) as LogLine;
  } catch {
    return { msg: line, level: 0 };
  }
}
