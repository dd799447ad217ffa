import type { Logger } from 'pino';
import {
  callRoll,
  FeedPublisher,
  fetchRoster,
  onPulse,
  serveConvergence,
  serveRoster,
  subjectsOf,
  type FeedConnection,
  type FeedTraffic,
} from '#edge-feed';
import type { EventStore } from '#event-store';
import { activeTracer, lockInstance } from '#platform';
import { Convergence } from './edges/convergence.js';
import { EdgeRegistry } from './edges/edge-registry.js';
import { FeedTime } from './edges/feed-time.js';
import type { SettingsMove } from './fold/change-cutter.js';
import { FoldTraces } from './fold/fold-traces.js';
import { ProjectionRunner } from './fold/projection-runner.js';
import { Projection } from './fold/projection.js';
import { openReadModel } from './read-model/open-read-model.js';
import { SettingsSource } from './settings-source.js';

export interface ReadSideOptions {
  store: EventStore;
  /** Of the read model: no other replica may use it. */
  folder: string;
  connection: FeedConnection;
  fleet: string;
  /** For so long it may be behind the log and still be ready. */
  maxLagMs: number;
  logger: Logger;
}

/** All of the read side but its interfaces: the log goes in, the edges hear of it and report, queries find it. */
export class ReadSide {
  readonly runner: ProjectionRunner;
  readonly edges: EdgeRegistry;
  readonly convergence: Convergence;
  #publisher: FeedPublisher | undefined;
  readonly #feed = new FeedTime();
  #serving = false;
  readonly #stopServing = new DisposableStack();
  /** Undefined: no traces are sent. */
  readonly #traces: FoldTraces | undefined;

  /** Throws InstanceRunning if another process uses the read model, LogShortened if the log has lost events. */
  static async open(options: ReadSideOptions): Promise<ReadSide> {
    using lock = new DisposableStack();
    lock.defer(lockInstance(options.folder, 'UPGATE_READ_MODEL'));
    const { readModel, table } = await openReadModel(options.folder, options.store, options.logger);
    return new ReadSide(options, new Projection(readModel, table), lock.move());
  }

  private constructor(
    private readonly options: ReadSideOptions,
    readonly projection: Projection,
    private readonly lock: DisposableStack,
  ) {
    const { store, logger, maxLagMs } = options;
    this.runner = new ProjectionRunner({
      store,
      projection,
      publish: (move) => this.#publisher && this.#publish(move, this.#publisher),
      maxLagMs,
      logger,
    });
    this.#traces = this.#carryTraces();
    this.edges = new EdgeRegistry(projection, this.#feed, logger);
    this.convergence = new Convergence(this.edges, projection, this.runner);
  }

  /** Whether NATS can be reached: queries are answered and the log is followed without it too. */
  get connected(): boolean {
    return this.options.connection.connected;
  }

  /** What has gone over the connection to NATS. */
  get traffic(): FeedTraffic {
    return this.options.connection.traffic;
  }

  /** Undefined until the end of the log has been reached. */
  get publisher(): FeedPublisher | undefined {
    return this.#publisher;
  }

  /**
   * Begins to follow the log. The feed hears nothing before the end of the log is reached: an edge must never take a
   * table that is still being built for the whole.
   */
  start(): void {
    this.edges.start();
    this.runner.start();
    void this.runner.caughtUp.then(() => this.#joinFeed());
  }

  /** Forgets an edge node, here and in every other replica, until it reports again. False: it is not known here. */
  forget(node: string): boolean {
    const known = this.edges.forget(node);
    if (known) this.#publisher?.forget(node);
    return known;
  }

  /** Ends the work and all that wait; queries still find what was there. */
  async stop(): Promise<void> {
    await this.runner.stop();
    this.#stopServing.dispose();
    this.#publisher?.stop();
    this.edges.stop();
  }

  /** Frees the read model. */
  close(): void {
    this.projection.readModel.close();
    this.lock.dispose();
  }

  #carryTraces(): FoldTraces | undefined {
    const tracer = activeTracer();
    if (!tracer) return undefined;
    const traces = new FoldTraces(tracer, subjectsOf(this.options.fleet).change);
    this.runner.onFolded((folded) => traces.folded(folded));
    return traces;
  }

  #publish(move: SettingsMove, publisher: FeedPublisher): void {
    const change = { epoch: this.projection.head.epoch, ...move };
    if (!this.#traces) return publisher.publish(change);
    this.#traces.publish(move, (trace) => publisher.publish({ ...change, ...(trace && { trace }) }));
  }

  #joinFeed(): void {
    if (this.runner.stopping.aborted) return;
    const { connection, fleet, logger } = this.options;
    const source = new SettingsSource(this.projection, logger);
    this.#publisher = new FeedPublisher({
      connection,
      fleet,
      source,
      liveNodes: () => this.edges.inState('live').length,
      logger,
    });
    this.#publisher.onStatus((status) => this.edges.heard(status));
    this.#publisher.onForget((node) => this.edges.forget(node));
    const pulse = onPulse(this.options, () => this.#feed.heard() && callRoll(this.options));
    const meeting = connection.onConnect(() => this.#meetEdges());
    this.#stopServing.defer(() => pulse.unsubscribe());
    this.#stopServing.defer(() => meeting.unsubscribe());
  }

  #meetEdges(): void {
    this.#feed.join();
    callRoll(this.options);
    void this.#meetReplicas();
  }

  /** A node that only another replica has heard must be waited for too, before anyone is told who is. */
  async #meetReplicas(): Promise<void> {
    await fetchRoster(this.options, (status) => this.edges.heardElsewhere(status));
    if (this.#serving || this.runner.stopping.aborted) return;
    this.#serving = true;
    const wait = (position: bigint, timeoutMs: number) => this.convergence.wait(position, timeoutMs);
    const convergence = serveConvergence({ ...this.options, wait });
    const roster = serveRoster(this.options, () => this.edges.roster());
    this.#stopServing.defer(() => convergence.unsubscribe());
    this.#stopServing.defer(() => roster.unsubscribe());
  }
}
