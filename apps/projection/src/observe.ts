import { Counter, Histogram, type Registry } from 'prom-client';
import type { PublisherCounts } from '#edge-feed';
import type { EventStore } from '#event-store';
import { registerFeedTraffic, type Readiness } from '#platform';
import { ConvergenceTimes } from './edges/convergence-times.js';
import { registerEdges } from './edges/edge-metrics.js';
import { RESOURCE_STREAMS } from './fold/projection.js';
import { gauge, total } from './metrics.js';
import type { ReadSide } from './read-side.js';

const NO_FEED = 'NATS is not connected: the edges hear nothing of this replica';

/** Says how the read side does, to those who scrape and those who probe. */
export function observe(
  readSide: ReadSide,
  store: EventStore,
  registry: Registry,
  readiness: Readiness,
): void {
  readiness.add('projection', () => readSide.runner.problem());
  readiness.watch('feed', () => (readSide.connected ? undefined : NO_FEED));
  registerPositions(readSide, store, registry);
  registerEdges(readSide, registerConvergence(readSide, registry), registry);
  registerFeed(readSide, registry);
}

function registerPositions({ projection, runner }: ReadSide, store: EventStore, registry: Registry): void {
  gauge(registry, 'position', 'Position that the read model has reached', () => Number(runner.position));
  gauge(registry, 'lag_positions', 'Positions between the read model and the end of the log', () =>
    lagOf(store, runner.position),
  );
  gauge(
    registry,
    'lag_seconds',
    'Time since the first event was recorded that is not in the read model',
    () => secondsBehind(store, projection.head.position),
  );
  gauge(registry, 'resources', 'Live CDN resources', () => projection.table.size);
  total(registry, 'events_folded', 'Events folded since the start', () => projection.folded);
}

/** NaN while the log cannot be reached. */
async function lagOf(store: EventStore, position: bigint): Promise<number> {
  try {
    return Math.max(0, Number((await store.head()) - position));
  } catch {
    return Number.NaN;
  }
}

/** 0 when nothing is missing; NaN while the log cannot be reached. */
async function secondsBehind(store: EventStore, after: bigint): Promise<number> {
  try {
    for await (const { metadata } of store.readAll({ after, prefix: RESOURCE_STREAMS }))
      return Math.max(0, Date.now() - Date.parse(metadata.time)) / 1_000;
    return 0;
  } catch {
    return Number.NaN;
  }
}

/** Of what happens from now on: what is folded before the feed is joined is of the past. */
function registerConvergence(readSide: ReadSide, registry: Registry): ConvergenceTimes {
  const histogram = new Histogram({
    name: 'upgate_projection_convergence_seconds',
    help: 'Time from when a command was recorded until all live edge nodes had applied it',
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60],
    registers: [registry],
  });
  const times = new ConvergenceTimes(readSide.edges, (seconds) => histogram.observe(seconds));
  readSide.runner.onFolded(({ events }) => readSide.publisher && times.recorded(events));
  gauge(
    registry,
    'unconverged_seconds',
    'Time since the first event was recorded that not all live edge nodes have applied; 0 if there is none',
    () => times.oldest,
  );
  return times;
}

function registerFeed(readSide: ReadSide, registry: Registry): void {
  const count = (of: (counts: PublisherCounts) => number) => () => {
    const counts = readSide.publisher?.counts;
    return counts ? of(counts) : 0;
  };
  registerFeedTraffic(registry, 'upgate_projection', () => readSide.traffic);
  gauge(registry, 'feed_connected', 'Whether NATS is connected', () => Number(readSide.connected));
  total(
    registry,
    'published',
    'Changes published',
    count(({ published }) => published),
  );
  total(
    registry,
    'held_back',
    'Changes that another replica had published',
    count(({ heldBack }) => heldBack),
  );
  total(
    registry,
    'disputed_heads',
    'Heads of another replica with another digest at the same position',
    count(({ disputed }) => disputed),
  );
  total(
    registry,
    'malformed',
    'Messages of the feed that were ignored',
    count(({ malformed }) => malformed),
  );
  new Counter({
    name: 'upgate_projection_syncs_total',
    help: 'Syncs answered, by kind',
    labelNames: ['kind'],
    registers: [registry],
    collect() {
      this.reset();
      const counts = readSide.publisher?.counts;
      for (const [kind, answered] of Object.entries(counts?.syncs ?? {})) this.inc({ kind }, answered);
    },
  });
}
