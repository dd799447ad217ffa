import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino, type Logger } from 'pino';
import type { CommandAnswerJson } from '#contract';
import { SqliteEventStore, type RecordedEvent } from '#event-store';
import { formatAddress } from '#platform';
import { startCommand, type CommandApp } from '../../apps/command/src/app.js';
import { CommandConfig } from '../../apps/command/src/config.js';
import { freePorts } from './ports.js';

export interface HttpAnswer<T> {
  status: number;
  headers: Headers;
  body: T;
}

/** The write side alone, over a log in a folder of its own. */
export class CommandRig {
  /** What it has logged, info and above. */
  readonly log: Record<string, unknown>[] = [];
  #app: CommandApp | undefined;
  readonly #logger: Logger = pino(
    {
      level: 'info',
    },
    { write: (line: string) => void this.log.push(JSON.parse(line) as Record<string, unknown>) },
  );

  private constructor(readonly config: CommandConfig) {}

  static async launch(config: Partial<CommandConfig> = {}): Promise<CommandRig> {
    const data = await mkdtemp(join(tmpdir(), 'upgate-command-'));
    const [grpc] = await freePorts(1);
    const host = '127.0.0.1';
    const own = { data, http: { host, port: 0 }, grpc: { host, port: grpc } };
    const rig = new CommandRig(Object.assign(new CommandConfig(), own, config));
    await rig.start();
    return rig;
  }

  async start(): Promise<void> {
    this.#app = await startCommand(this.config, this.#logger);
  }

  async stop(): Promise<void> {
    await this.#app?.stop();
    this.#app = undefined;
  }

  async dispose(): Promise<void> {
    await this.stop();
    await rm(this.config.data, { recursive: true });
  }

  get url(): string {
    if (!this.#app) throw new Error('the write side does not run');
    return `http://${formatAddress(this.#app.address)}`;
  }

  get grpc(): string {
    return formatAddress(this.config.grpc);
  }

  async call<T = CommandAnswerJson>(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<HttpAnswer<T>> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return { status: response.status, headers: response.headers, body: (await response.json()) as T };
  }

  /** Creates a resource with defaults for what is not given. */
  async create(id: string, resource: object = {}): Promise<CommandAnswerJson> {
    const given = {
      id,
      cname: `${id}.test`,
      origin: 'http://127.0.0.1:9000',
      integration: 'full',
      ...resource,
    };
    const { status, body } = await this.call('POST', '/v1/resources', given);
    if (status !== 201) throw new Error(`creating ${id} gave ${status} ${JSON.stringify(body)}`);
    return body;
  }

  /** What the log holds of a resource. */
  async events(id: string): Promise<RecordedEvent[]> {
    const store = await SqliteEventStore.open({ file: join(this.config.data, 'log', 'events.sqlite') });
    try {
      return await Array.fromAsync(store.readStream(`cdnResource-${id}`));
    } finally {
      await store.close();
    }
  }
}
