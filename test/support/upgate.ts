import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CommandAnswerJson, EdgeJson, ResourceJson } from '#contract';
import { eventually } from './condition.js';
import { freePorts } from './ports.js';
import { Program } from './program.js';

export interface Answer<T> {
  status: number;
  headers: Headers;
  body: T;
}

/** A whole system in its embedded form, as a process of its own, with a client for its HTTP interface. */
export class Upgate {
  #program: Program | undefined;

  private constructor(
    readonly env: Readonly<Record<string, string>>,
    readonly data: string,
  ) {}

  static async create(env: Record<string, string> = {}): Promise<Upgate> {
    const data = await mkdtemp(join(tmpdir(), 'upgate-e2e-'));
    const [http, grpc, edge, agent, nats] = await freePorts(5);
    return new Upgate(
      {
        UPGATE_DATA: data,
        UPGATE_HTTP: `127.0.0.1:${http}`,
        UPGATE_GRPC: `127.0.0.1:${grpc}`,
        UPGATE_EDGE: `127.0.0.1:${edge}`,
        UPGATE_AGENT_HTTP: `127.0.0.1:${agent}`,
        UPGATE_NATS_PORT: `${nats}`,
        UPGATE_NODE: 'edge-1',
        ...env,
      },
      data,
    );
  }

  static async start(env: Record<string, string> = {}): Promise<Upgate> {
    const upgate = await Upgate.create(env);
    await upgate.start();
    return upgate;
  }

  get program(): Program {
    if (!this.#program) throw new Error('it has not been started');
    return this.#program;
  }

  get api(): string {
    return `http://${this.env['UPGATE_HTTP']}`;
  }

  get edge(): string {
    return this.env['UPGATE_EDGE']!;
  }

  get natsUrl(): string {
    return this.env['UPGATE_NATS'] ?? `nats://127.0.0.1:${this.env['UPGATE_NATS_PORT']}`;
  }

  async start(): Promise<void> {
    const program = new Program('apps/standalone/src/main.js', this.env);
    this.#program = program;
    await eventually(
      'Upgate to be ready',
      async () => {
        if (!program.running) throw new Error(`it has ended:\n${program.said}`);
        const addresses = [this.env['UPGATE_HTTP'], this.env['UPGATE_AGENT_HTTP']];
        const answers = await Promise.all(addresses.map((address) => fetch(`http://${address}/readyz`)));
        return answers.every(({ ok }) => ok) && (await this.edges()).some(({ state }) => state === 'live');
      },
      30_000,
    );
  }

  async remove(): Promise<void> {
    await this.#program?.stop();
    await rm(this.data, { recursive: true, force: true });
  }

  async call<T>(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer<T>> {
    const response = await fetch(`${this.api}${path}`, {
      method,
      headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: (text === '' ? undefined : JSON.parse(text)) as T,
    };
  }

  /** Sends a command and waits until every live edge enforces it. Throws unless it was accepted and has converged. */
  async command(method: string, path: string, body?: unknown): Promise<CommandAnswerJson> {
    const separator = path.includes('?') ? '&' : '?';
    const answer = await this.call<CommandAnswerJson>(
      method,
      `${path}${separator}wait=applied&timeout=10s`,
      body,
    );
    if (answer.status >= 300 || answer.body.convergence?.status !== 'applied') {
      throw new Error(`${method} ${path} gave ${answer.status} ${JSON.stringify(answer.body)}`);
    }
    return answer.body;
  }

  async createResource(resource: Record<string, unknown>): Promise<ResourceJson> {
    return (await this.command('POST', '/v1/resources', resource)).resource;
  }

  async edges(): Promise<EdgeJson[]> {
    return (await this.call<{ items: EdgeJson[] }>('GET', '/v1/edges')).body.items;
  }
}
