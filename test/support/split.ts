import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CommandAnswerJson, EdgeJson } from '#contract';
import { eventually } from './condition.js';
import { EdgeAgent } from './edge-agent.js';
import { NatsServer } from './nats.js';
import { freePorts } from './ports.js';
import { Program } from './program.js';

/** A program with an HTTP interface that can be killed, and started again on the same ports. */
export class Service {
  program: Program;

  private constructor(
    private readonly entry: string,
    private readonly env: Record<string, string>,
  ) {
    this.program = new Program(entry, env);
  }

  static async start(entry: string, env: Record<string, string>): Promise<Service> {
    const [http, grpc] = await freePorts(2);
    const addresses = { UPGATE_HTTP: `127.0.0.1:${http}`, UPGATE_GRPC: `127.0.0.1:${grpc}` };
    const service = new Service(entry, { ...env, ...addresses });
    await service.ready();
    return service;
  }

  async restart(): Promise<void> {
    this.relaunch();
    await this.ready();
  }

  /** Without waiting until it is ready. */
  relaunch(): void {
    this.program = new Program(this.entry, this.env);
  }

  async ready(): Promise<void> {
    await eventually(`${this.entry} to be ready`, async () => {
      if (!this.program.running) throw new Error(`it has ended:\n${this.program.said}`);
      return (await this.fetch('/readyz')).ok;
    });
  }

  get http(): string {
    return this.env['UPGATE_HTTP']!;
  }

  get grpc(): string {
    return this.env['UPGATE_GRPC']!;
  }

  fetch(path: string, init?: RequestInit): Promise<Response> {
    return fetch(`http://${this.http}${path}`, init);
  }

  async json<T>(path: string): Promise<T> {
    return (await (await this.fetch(path)).json()) as T;
  }

  /** Of one line of the metrics, as it stands; NaN if it is not there. */
  async metric(name: string): Promise<number> {
    const text = await (await this.fetch('/metrics')).text();
    return Number(
      text
        .split('\n')
        .find((line) => line.startsWith(`${name} `))
        ?.slice(name.length) ?? Number.NaN,
    );
  }
}

/** A whole system, each part a process of its own: command, projections on one log, agents, a nats-server. */
export class SplitSystem {
  readonly projections: Service[] = [];
  readonly #commands: Service[] = [];
  readonly #agents: EdgeAgent[] = [];

  private constructor(
    readonly folder: string,
    readonly nats: NatsServer,
    readonly command: Service,
    private readonly env: Record<string, string>,
  ) {}

  /** `more` is for the environment of every part but the agents. */
  static async start(replicas: number, more: Record<string, string> = {}): Promise<SplitSystem> {
    const folder = await mkdtemp(join(tmpdir(), 'upgate-split-'));
    const nats = await NatsServer.launch();
    const env = { ...more, UPGATE_DATA: join(folder, 'control'), UPGATE_NATS: nats.url };
    const command = await Service.start('apps/command/src/main.js', env);
    const system = new SplitSystem(folder, nats, command, env);
    for (let replica = 0; replica < replicas; replica += 1) await system.addProjection();
    return system;
  }

  /** One more than `command`, at the same log. */
  async addCommand(): Promise<Service> {
    const command = await Service.start('apps/command/src/main.js', this.env);
    this.#commands.push(command);
    return command;
  }

  async addProjection(): Promise<Service> {
    const readModel = join(this.folder, `projection-${this.projections.length}`);
    const env = { ...this.env, UPGATE_READ_MODEL: readModel };
    const projection = await Service.start('apps/projection/src/main.js', env);
    this.projections.push(projection);
    return projection;
  }

  async addAgent(node: string, env: Record<string, string> = {}): Promise<EdgeAgent> {
    const agent = await EdgeAgent.start(node, this.nats.url, this.dataOf(node), env);
    this.#agents.push(agent);
    return agent;
  }

  /** The data folder of an agent. */
  dataOf(node: string): string {
    return join(this.folder, node);
  }

  async stop(): Promise<void> {
    const programs = [...this.#agents, this.command, ...this.#commands, ...this.projections].map(
      ({ program }) => program,
    );
    await Promise.all(programs.map((program) => program.kill()));
    await this.nats.stop();
    await rm(this.folder, { recursive: true });
  }

  /** The answer to a command that waits until every live edge enforces it. */
  async send(method: string, path: string, body: object, timeout = '15s'): Promise<CommandAnswerJson> {
    const response = await this.command.fetch(`${path}?wait=applied&timeout=${timeout}`, {
      method,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${method} ${path} gave ${response.status} ${await response.text()}`);
    return (await response.json()) as CommandAnswerJson;
  }

  switch(id: string, enabled: boolean, timeout?: string): Promise<CommandAnswerJson> {
    return this.send('PUT', `/v1/resources/${id}/websockets`, { enabled }, timeout);
  }

  /** Waits until a projection sees so many live nodes, all with the control plane's settings. */
  async allSame(count: number, projection = this.projections[0]!): Promise<EdgeJson[]> {
    return eventually(`${count} nodes with the same settings`, async () => {
      const { items } = await projection.json<{ items: EdgeJson[] }>('/v1/edges');
      const same = items.filter(({ state, verdict }) => state === 'live' && verdict === 'same');
      if (same.length < count) throw new Error(JSON.stringify(items));
      return same;
    });
  }
}
