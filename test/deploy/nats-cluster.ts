import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { freePorts } from '../support/ports.js';
import type { Program } from '../support/program.js';

const DEPLOY = join(import.meta.dirname, '../../deploy');
const SERVERS = ['nats-1', 'nats-2', 'nats-3'];

/**
 * The three NATS servers of the deployment on this machine: real ones, with its configuration, its certificates and its
 * passwords. Only the addresses are others.
 */
export class NatsCluster {
  readonly servers: readonly string[] = SERVERS;
  readonly #servers = new Map<string, ChildProcess>();

  private constructor(
    readonly folder: string,
    private readonly ports: readonly number[],
  ) {}

  static async start(): Promise<NatsCluster> {
    const cluster = new NatsCluster(await mkdtemp(join(tmpdir(), 'upgate-deploy-')), await freePorts(6));
    try {
      await cluster.#configure();
      await Promise.all(SERVERS.map((_, index) => cluster.#serve(index)));
      return cluster;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  secret(name: string): string {
    return join(this.folder, 'secrets', name);
  }

  /** Where a user finds the servers, its password included, as the file of its container says. */
  async address(user: string): Promise<string> {
    const address = await readFile(this.secret(`nats-${user}`), 'utf8');
    return SERVERS.reduce(
      (text, server, index) => text.replace(`${server}:4222`, `localhost:${this.ports[index]}`),
      address.trim(),
    );
  }

  /** The environment by which a program of ours connects as this user. */
  async env(user: string): Promise<Record<string, string>> {
    const file = join(this.folder, `address-${user}`);
    await writeFile(file, await this.address(user));
    return { UPGATE_NATS_FILE: file, NODE_EXTRA_CA_CERTS: this.secret('ca.crt') };
  }

  async kill(server: string): Promise<void> {
    const child = this.#servers.get(server)!;
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }

  /** Starts one that was killed. Resolves when it is part of the cluster again. */
  async restart(server: string): Promise<void> {
    await this.#serve(this.servers.indexOf(server));
  }

  /** SIGSTOP: it hangs, with its connections open. */
  signal(server: string, signal: NodeJS.Signals): void {
    this.#servers.get(server)!.kill(signal);
  }

  /** Which of the servers a program is connected to, by its own log; undefined while it is to none. */
  serverOf({ lines }: Program): string | undefined {
    const last = lines.findLast(({ msg }) => msg === 'NATS connected' || msg === 'NATS disconnected');
    if (last?.msg !== 'NATS connected') return undefined;
    const index = this.ports.findIndex((port) => String(last['server']).endsWith(`:${port}`));
    return this.servers[index];
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#servers.keys()].map((server) => this.kill(server)));
    await rm(this.folder, { recursive: true });
  }

  async #configure(): Promise<void> {
    for (const script of ['passwords.sh', 'certificates.sh'])
      execFileSync(join(DEPLOY, script), [this.secret('')]);
    await mkdir(join(this.folder, 'nats'));
    for (const file of ['nats.conf', 'users.conf'])
      await copyFile(join(DEPLOY, 'nats', file), join(this.folder, 'nats', file));
    await copyFile(this.secret('nats-passwords.conf'), join(this.folder, 'nats', 'passwords.conf'));
  }

  async #serve(index: number): Promise<void> {
    const name = SERVERS[index]!;
    const [client, route] = [this.ports[index], this.ports[index + 3]];
    const routes = this.ports.slice(3).map((port) => `nats://localhost:${port}`);
    const addresses = ['-a', '127.0.0.1', '-p', `${client}`, '-m', '0'];
    const clustering = ['--cluster', `nats://127.0.0.1:${route}`, '--routes', routes.join(',')];
    const child = spawn('nats-server', ['-c', 'nats.conf', ...addresses, ...clustering], {
      cwd: join(this.folder, 'nats'),
      env: {
        PATH: `${process.env['PATH']}:/usr/sbin:/usr/local/sbin`,
        NATS_NODE: name,
        NATS_CERTIFICATE: this.secret(`${name}.crt`),
        NATS_KEY: this.secret(`${name}.key`),
        NATS_CA: this.secret('ca.crt'),
      },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#servers.set(name, child);
    await routed(child);
  }
}

/** Resolves when a server takes clients and has heard of another. */
async function routed(child: ChildProcess): Promise<void> {
  const said: string[] = [];
  for await (const line of createInterface({ input: child.stderr! })) {
    said.push(line);
    if (line.includes('Route connection created')) return void child.stderr!.resume();
  }
  throw new Error(`nats-server did not start:\n${said.join('\n')}`);
}
