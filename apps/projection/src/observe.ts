import { Counter, Gauge, type Registry } from 'prom-client';
import type { PublisherCounts } from '#edge-feed';
import type { EventStore } from '#event-store';
import type { Readiness } from '#platform';
import type { ReadSide } from './read-side.js';

/** Says how the read side does, to those who scrape and those who probe. */
export function observe(
  readSide: ReadSide,
  store: EventStore,
  registry: Registry,
  readiness: Readiness,
): void {
  readiness.add('projection', () => readSide.runner.problem());
  registerPositions(readSide, store, registry);
  registerEdges(readSide, registry);
  registerFeed(readSide, registry);
}

function registerPositions({ projection, runner }: ReadSide, store: EventStore, registry: Registry): void {
  gauge(registry, 'position', 'Position that the read model has reached', () => Number(runner.position));
  gauge(registry, 'lag', 'Positions between the read model and the end of the log', () =>
    lagOf(store, runner.position),
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

function registerEdges({ edges }: ReadSide, registry: Registry): void {
  total(
    registry,
    'edges_drifted',
    'Times an edge was found with other settings than the log has at its position',
    () => edges.drifted,
  );
  gauge(
    registry,
    'edges_shared',
    'Names of edge nodes that several live agents report under',
    () => edges.shared,
  );
  new Gauge({
    name: 'upgate_projection_edges',
    help: 'Edge nodes by state',
    labelNames: ['state'],
    registers: [registry],
    collect() {
      for (const state of ['live', 'stale', 'gone'] as const)
        this.set({ state }, edges.inState(state).length);
    },
  });
}

function registerFeed(readSide: ReadSide, registry: Registry): void {
  const count = (of: (counts: PublisherCounts) => number) => () => {
    const counts = readSide.publisher?.counts;
    return counts ? of(counts) : 0;
  };
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

function gauge(registry: Registry, name: string, help: string, read: () => number | Promise<number>): void {
  new Gauge({
    name: `upgate_projection_${name}`,
    help,
    registers: [registry],
    async collect() {
      this.set(await read());
    },
  });
}

function total(registry: Registry, name: string, help: string, read: () => number): void {
  new Counter({
    name: `upgate_projection_${name}_total`,
    help,
    registers: [registry],
    collect() {
      this.reset();
      this.inc(read());
    },
  });
}
