import { mkdirSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { dirname, join } from 'node:path';
import { freePorts } from '../support/ports.js';
import { Disk } from './disk.js';
import { Link } from './link.js';
import { ManagedProcess } from './managed-process.js';
import { EDGES, PROJECTIONS, type Fault } from './schedule.js';

const ROOT = dirname(findPackageJSON(import.meta.url)!);
const NODE_ENV = { HOME: '/nonexistent', UPGATE_LOG: 'json' };

export interface Edge {
  name: string;
  /** `host:port` of its proxy. */
  proxy: string;
  health: string;
  process: ManagedProcess;
}

/** A whole system of real processes, each part of which can be broken and mended. */
export class Cluster {
  readonly deaths: string[] = [];
  readonly edges: Edge[] = [];
  readonly projections: string[] = [];
  readonly #processes = new Map<string, ManagedProcess>();
  readonly #links = new Map<string, Link>();
  readonly #disks = new Map<string, Disk>();
  readonly #health: string[] = [];
  #nats = 0;
  http = '';
  grpc = '';

  /** With its data and logs in an empty folder. */
  constructor(private readonly folder: string) {}

  /** What has started by then has to be stopped also when this throws. Should this process fail, all ends with it. */
  async start(): Promise<void> {
    process.once('exit', this.#abandon);
    mkdirSync(join(this.folder, 'logs'));
    await this.#addNats();
    this.#disk('log');
    await this.#addCommand();
    for (const name of PROJECTIONS) await this.#addProjection(name);
    for (const name of EDGES) await this.#addEdge(name);
    for (const one of this.#processes.values()) one.start();
  }

  get logFile(): string {
    return join(this.#data('log'), 'log', 'events.sqlite');
  }

  /** Addresses that answer when their process works. */
  get health(): readonly string[] {
    return this.#health;
  }

  async break({ kind, target }: Fault): Promise<void> {
    if (kind === 'kill') await this.#processes.get(target)!.kill();
    if (kind === 'pause') this.#processes.get(target)!.pause();
    if (kind === 'cut') this.#links.get(target)!.cut();
    if (kind === 'full') this.#disks.get(target)!.fill();
  }

  mend({ kind, target }: Fault): void {
    if (kind === 'kill') this.#processes.get(target)!.start();
    if (kind === 'pause') this.#processes.get(target)!.resume();
    if (kind === 'cut') this.#links.get(target)!.mend();
    if (kind === 'full') this.#disks.get(target)!.free();
  }

  /** Starts again what has ended by itself. */
  reviveAll(): void {
    for (const one of this.#processes.values()) one.start();
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#processes.values()].map((one) => one.stop()));
    for (const link of this.#links.values()) link.close();
  }

  /** Gives the disks back, with all that was on them. */
  removeDisks(): void {
    process.off('exit', this.#abandon);
    for (const disk of this.#disks.values()) disk.remove();
  }

  readonly #abandon = () => {
    for (const one of this.#processes.values()) one.abandon();
    this.removeDisks();
  };

  async #addNats(): Promise<void> {
    const [port] = await freePorts(1);
    this.#nats = port!;
    const PATH = `${process.env['PATH']}:/usr/sbin:/usr/local/sbin`;
    this.#add('nats', 'nats-server', ['-a', '127.0.0.1', '-p', `${port}`], { PATH });
  }

  async #addCommand(): Promise<void> {
    const [http, grpc] = await freePorts(2);
    this.http = `http://127.0.0.1:${http}`;
    this.grpc = `127.0.0.1:${grpc}`;
    this.#health.push(this.http);
    this.#addProgram('command', 'command', { ...this.#api(http!, grpc!), UPGATE_NATS: this.#natsUrl });
  }

  async #addProjection(name: string): Promise<void> {
    const [http, grpc] = await freePorts(2);
    const readModel = { UPGATE_READ_MODEL: this.#disk(name), UPGATE_NATS: this.#natsUrl };
    this.projections.push(`http://127.0.0.1:${http}`);
    this.#health.push(`http://127.0.0.1:${http}`);
    this.#addProgram(name, 'projection', { ...this.#api(http!, grpc!), ...readModel });
  }

  async #addEdge(name: string): Promise<void> {
    const link = await Link.open(this.#nats);
    this.#links.set(name, link);
    const [edge, agent] = await freePorts(2);
    const proxy = `127.0.0.1:${edge}`;
    const health = `http://127.0.0.1:${agent}`;
    const addresses = { UPGATE_EDGE: proxy, UPGATE_AGENT_HTTP: `127.0.0.1:${agent}`, UPGATE_NATS: link.url };
    this.#health.push(health);
    const process = this.#addProgram(name, 'edge-agent', {
      ...addresses,
      UPGATE_NODE: name,
      UPGATE_DATA: this.#disk(name),
    });
    this.edges.push({ name, proxy, health, process });
  }

  #api(http: number, grpc: number): Record<string, string> {
    return {
      UPGATE_HTTP: `127.0.0.1:${http}`,
      UPGATE_GRPC: `127.0.0.1:${grpc}`,
      UPGATE_DATA: this.#data('log'),
    };
  }

  #addProgram(name: string, app: string, env: Record<string, string>): ManagedProcess {
    const main = join(ROOT, 'dist/apps', app, 'src/main.js');
    return this.#add(name, process.execPath, [main], { ...NODE_ENV, ...env });
  }

  #add(name: string, file: string, args: string[], env: Record<string, string>): ManagedProcess {
    const log = join(this.folder, 'logs', `${name}.log`);
    const one = new ManagedProcess(name, { file, args, env }, log, (account) => this.deaths.push(account));
    this.#processes.set(name, one);
    return one;
  }

  #disk(name: string): string {
    this.#disks.set(name, new Disk(this.#data(name)));
    return this.#data(name);
  }

  #data(name: string): string {
    return join(this.folder, 'data', name);
  }

  get #natsUrl(): string {
    return `nats://127.0.0.1:${this.#nats}`;
  }
}
