import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino, type Logger } from 'pino';
import { connectFeed, type FeedConnection } from '#edge-feed';
import { SqliteEventStore } from '#event-store';
import { formatAddress } from '#platform';
import { startProjection, type ProjectionApp } from '../../apps/projection/src/app.js';
import { ProjectionConfig } from '../../apps/projection/src/config.js';
import { NatsServer } from './nats.js';
import { freePorts } from './ports.js';
import { ResourceLog } from './resource-log.js';

/** A projection alone, over a real log that the test writes, and a real nats-server. */
export class ProjectionRig {
  readonly log: ResourceLog;
  #app: ProjectionApp | undefined;

  private constructor(
    readonly folder: string,
    readonly nats: NatsServer,
    readonly store: SqliteEventStore,
    readonly config: ProjectionConfig,
    readonly logger: Logger,
  ) {
    this.log = new ResourceLog(store);
  }

  static async prepare(): Promise<ProjectionRig> {
    const folder = await mkdtemp(join(tmpdir(), 'upgate-projection-'));
    const store = await SqliteEventStore.open({ file: join(folder, 'log', 'events.sqlite') });
    const [grpc] = await freePorts(1);
    const nats = await NatsServer.launch();
    const config = Object.assign(new ProjectionConfig(), {
      data: folder,
      http: { host: '127.0.0.1', port: 0 },
      grpc: { host: '127.0.0.1', port: grpc },
      nats: [nats.url],
    });
    return new ProjectionRig(folder, nats, store, config, pino({ level: 'silent' }));
  }

  static async launch(): Promise<ProjectionRig> {
    const rig = await ProjectionRig.prepare();
    await rig.start();
    return rig;
  }

  async start(): Promise<void> {
    this.#app = await startProjection(this.config, this.logger);
  }

  async stop(): Promise<void> {
    await this.#app?.stop();
    this.#app = undefined;
  }

  async dispose(): Promise<void> {
    await this.stop();
    await this.store.close();
    await this.nats.stop();
    await rm(this.folder, { recursive: true });
  }

  get grpc(): string {
    return formatAddress(this.config.grpc);
  }

  connect(name: string): FeedConnection {
    return connectFeed({ servers: [this.nats.url], name, logger: this.logger });
  }

  fetch(path: string, init?: RequestInit): Promise<Response> {
    if (!this.#app) throw new Error('the projection does not run');
    return fetch(`http://${formatAddress(this.#app.address)}${path}`, init);
  }

  /** The JSON of an answer of any status. */
  async get(path: string): Promise<{ status: number; headers: Headers; body: unknown }> {
    const response = await this.fetch(path);
    return { status: response.status, headers: response.headers, body: await response.json() };
  }
}
