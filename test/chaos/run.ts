import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { PROTO_ROOT } from '#contract';
import { SqliteEventStore, type EventStore, type RecordedEvent } from '#event-store';
import { GrpcClient } from '../support/grpc-client.js';
import { Origin } from '../support/origin.js';
import { check } from './check.js';
import { Cluster } from './cluster.js';
import type { History, Recovery, Violation } from './history.js';
import { Random } from './random.js';
import { recover, whenAllAnswer } from './recovery.js';
import { planRound, type Fault } from './schedule.js';
import { Watch } from './watch.js';
import { HOSTS, Workload } from './workload.js';
import { Writer } from './writer.js';

const WRITERS = 4;
const SOON_BACK = { 'grpc.initial_reconnect_backoff_ms': 100, 'grpc.max_reconnect_backoff_ms': 500 };
const ORIGINS = ['origin-1', 'origin-2', 'origin-3'];

export interface ChaosOptions {
  seed: string;
  /** For how long rounds of faults go on; the last one is finished. */
  minutes: number;
  /** Empty; gets the data, the logs and the history. */
  folder: string;
  onProgress: (line: string) => void;
  /** Ends the run after the round under way. */
  stop: AbortSignal;
}

export interface ChaosResult {
  history: History;
  violations: Violation[];
}

/** Breaks a whole system for some time while commands go on, and checks what it did. */
export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  mkdirSync(options.folder, { recursive: true });
  await using parts = new AsyncDisposableStack();
  const origins = await startOrigins(parts);
  const cluster = new Cluster(options.folder);
  parts.defer(() => cluster.removeDisks());
  parts.defer(() => cluster.stop());
  await cluster.start();
  await whenAllAnswer(cluster);
  const store = await SqliteEventStore.open({ file: cluster.logFile });
  parts.defer(() => store.close());
  const history = await record(options, cluster, store, origins);
  writeFileSync(join(options.folder, 'history.json'), toJson(history));
  return { history, violations: check(history) };
}

async function startOrigins(parts: AsyncDisposableStack): Promise<Map<string, string>> {
  const urls = new Map<string, string>();
  for (const name of ORIGINS) {
    const origin = await Origin.start(name);
    parts.defer(() => origin.stop());
    urls.set(`welcome to ${name}`, origin.url);
  }
  return urls;
}

async function record(
  options: ChaosOptions,
  cluster: Cluster,
  store: EventStore,
  origins: ReadonlyMap<string, string>,
): Promise<History> {
  const random = new Random(options.seed);
  using grpc = commandClient(cluster.grpc);
  const writers = Array.from({ length: WRITERS }, (_, index) => {
    const name = `writer-${index + 1}`;
    return new Writer(
      name,
      new Workload(name, random.fork(name), [...origins.values()]),
      cluster.http,
      grpc.client,
    );
  });
  const watches = cluster.edges.map((edge) => new Watch(edge, HOSTS, origins));
  const watching = new AbortController();
  const watched = Promise.all(watches.map((watch) => watch.run(watching.signal)));
  const recoveries = await runRounds(options, cluster, store, writers);
  watching.abort();
  await watched;
  return {
    epoch: await store.epoch(),
    events: await allEvents(store),
    attempts: writers.flatMap(({ attempts }) => attempts),
    observations: watches.flatMap(({ observations }) => observations),
    recoveries,
    deaths: cluster.deaths,
  };
}

function commandClient(address: string): Disposable & { client: GrpcClient } {
  const proto = 'upgate/v1/command_service.proto';
  const client = new GrpcClient(address, 'upgate.v1.CommandService', proto, PROTO_ROOT, SOON_BACK);
  return { client, [Symbol.dispose]: () => client.close() };
}

async function runRounds(
  { seed, minutes, onProgress, stop }: ChaosOptions,
  cluster: Cluster,
  store: EventStore,
  writers: readonly Writer[],
): Promise<Recovery[]> {
  const recoveries: Recovery[] = [];
  const end = performance.now() + minutes * 60_000;
  do {
    const round = recoveries.length + 1;
    const writing = new AbortController();
    const written = Promise.all(writers.map((writer) => writer.run(writing.signal)));
    await runFaults(planRound(new Random(seed).fork(`round ${round}`)), cluster, (fault) =>
      onProgress(`round ${round}: ${fault.kind} ${fault.target}, ${attemptsOf(writers)} commands`),
    );
    writing.abort();
    cluster.reviveAll();
    await whenAllAnswer(cluster);
    const healedAt = performance.now();
    await written;
    const recovery = { round, ...(await recover(cluster, store, healedAt)) };
    recoveries.push(recovery);
    onProgress(`round ${round}: healed, all current after ${Math.round(recovery.tookMs)} ms`);
  } while (performance.now() < end && !stop.aborted);
  return recoveries;
}

async function runFaults(
  faults: readonly Fault[],
  cluster: Cluster,
  onFault: (fault: Fault) => void,
): Promise<void> {
  await Promise.all(
    faults.map(async (fault) => {
      await delay(fault.atMs);
      onFault(fault);
      await cluster.break(fault);
      await delay(fault.forMs);
      cluster.mend(fault);
    }),
  );
}

function attemptsOf(writers: readonly Writer[]): number {
  return writers.reduce((sum, { attempts }) => sum + attempts.length, 0);
}

async function allEvents(store: EventStore): Promise<RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  for await (const event of store.readAll()) events.push(event);
  return events;
}

function toJson(history: History): string {
  const plain = (_key: string, value: unknown) => (typeof value === 'bigint' ? value.toString() : value);
  return JSON.stringify(history, plain, 1);
}
