import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { eventually } from '../support/condition.js';
import { freePorts } from '../support/ports.js';

const CONFIG = join(import.meta.dirname, '../../deploy/haproxy/haproxy.cfg');

/** Of a service of the deployment on this machine. */
interface Addresses {
  http: string;
  grpc: string;
}

/** A real HAProxy with the configuration of the deployment. Only the addresses are others. */
export class Front {
  private constructor(
    private readonly child: ChildProcess,
    private readonly folder: string,
    readonly http: string,
    readonly grpc: string,
  ) {}

  /** `services` by the names that they have in the configuration. Resolves when it takes requests. */
  static async start(services: Record<string, Addresses>): Promise<Front> {
    const folder = await mkdtemp(join(tmpdir(), 'upgate-front-'));
    const [http, grpc, health] = (await freePorts(3)).map((port) => `127.0.0.1:${port}`);
    const config = (await readFile(CONFIG, 'utf8'))
      .replace('bind :8080', `bind ${http}`)
      .replace('bind :50051', `bind ${grpc}`)
      .replace('bind :8404', `bind ${health}`)
      .replaceAll(/server (\S+) \S+:8080/g, (_, name: string) => `server ${name} ${services[name]!.http}`)
      .replaceAll(/server (\S+) \S+:50051/g, (_, name: string) => `server ${name} ${services[name]!.grpc}`);
    const file = join(folder, 'haproxy.cfg');
    await writeFile(file, config);
    const child = spawn('haproxy', ['-db', '-f', file], {
      env: { PATH: `${process.env['PATH']}:/usr/sbin` },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const said = text(child.stderr);
    await eventually('HAProxy to take requests', async () => {
      if (child.exitCode !== null) throw new Error(`it has ended:\n${await said}`);
      return (await fetch(`http://${health}/livez`)).ok;
    });
    return new Front(child, folder, http!, grpc!);
  }

  fetch(path: string, init?: RequestInit): Promise<Response> {
    return fetch(`http://${this.http}${path}`, init);
  }

  async stop(): Promise<void> {
    this.child.kill('SIGKILL');
    if (this.child.exitCode === null && this.child.signalCode === null) await once(this.child, 'exit');
    await rm(this.folder, { recursive: true });
  }
}
