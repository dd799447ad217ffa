import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { endProcess } from '../../libs/platform/src/end-process.js';

const PROGRAM = join(import.meta.dirname, '../../dist/test/support/instance.js');

/** test/support/instance.ts as a process of its own, with its NATS server. Leaving its scope ends both. */
export class InstanceProcess implements AsyncDisposable {
  constructor(
    private readonly child: ChildProcess,
    private readonly dataDir: string,
    readonly url: string,
  ) {}

  get pid(): number {
    return this.child.pid!;
  }

  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.ended();
  }

  /** Closes the channel, as the death of the program's parent does. */
  async loseParent(): Promise<void> {
    this.child.disconnect();
    await this.ended();
  }

  async natsServerPid(): Promise<number> {
    return Number(await readFile(join(this.dataDir, 'nats-server.pid'), 'utf8'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const natsServer = await this.natsServerPid().catch(() => undefined);
    if (this.isRunning()) await this.kill();
    if (natsServer !== undefined) await endProcess(natsServer);
  }

  private isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  private async ended(): Promise<void> {
    if (this.isRunning()) await once(this.child, 'exit');
  }
}

/** Starts one on a data folder and waits until its NATS server takes connections. Throws with what it says if it ends. */
export async function startInstance(dataDir: string, port = 0): Promise<InstanceProcess> {
  const child = spawn(process.execPath, [PROGRAM, dataDir, String(port)], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  for await (const line of createInterface({ input: child.stdout! })) {
    if (!line.startsWith('nats://')) continue;
    child.stdout!.resume();
    return new InstanceProcess(child, dataDir, line);
  }
  throw new Error(`the program on ${dataDir} has ended`);
}
