import { Gauge, type Registry } from 'prom-client';
import { MAX_NODES_NAMED } from '#contract';
import { gauge, total } from '../metrics.js';
import type { ReadSide } from '../read-side.js';
import type { ConvergenceTimes } from './convergence-times.js';
import { verdictOf, type Edge } from './edge.js';

/** Behind for less than this is on its way. */
const BEHIND_SECONDS = 5;

/** Says how the edge nodes do, and which of them do not do well. */
export function registerEdges(readSide: ReadSide, times: ConvergenceTimes, registry: Registry): void {
  const { edges } = readSide;
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
  registerStates(readSide, registry);
  registerVerdicts(readSide, registry);
  registerProblems(readSide, times, registry);
}

function registerStates({ edges }: ReadSide, registry: Registry): void {
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

function registerVerdicts({ edges, projection }: ReadSide, registry: Registry): void {
  new Gauge({
    name: 'upgate_projection_edges_by_verdict',
    help: "Live edge nodes by how their settings compare with the control plane's",
    labelNames: ['verdict'],
    registers: [registry],
    collect() {
      const verdicts = edges.inState('live').map((edge) => verdictOf(edge, projection.head));
      for (const verdict of ['same', 'behind', 'differs', 'ahead'] as const)
        this.set({ verdict }, verdicts.filter((one) => one === verdict).length);
    },
  });
}

function registerProblems(readSide: ReadSide, times: ConvergenceTimes, registry: Registry): void {
  new Gauge({
    name: 'upgate_projection_edge_problem',
    help: `Edge nodes that do not do well, at most ${MAX_NODES_NAMED} of them: always 1`,
    labelNames: ['node', 'region', 'problem'],
    registers: [registry],
    collect() {
      this.reset();
      for (const { edge, problem } of problemsOf(readSide, times).take(MAX_NODES_NAMED))
        this.set({ node: edge.status.node, region: edge.status.region, problem }, 1);
    },
  });
}

function* problemsOf(
  readSide: ReadSide,
  times: ConvergenceTimes,
): Generator<{ edge: Edge; problem: string }, undefined> {
  for (const edge of readSide.edges.inState('stale')) yield { edge, problem: 'stale' };
  for (const edge of readSide.edges.inState('live')) {
    const problem = problemOf(edge, readSide, times.oldest > BEHIND_SECONDS);
    if (problem !== undefined) yield { edge, problem };
  }
}

function problemOf(edge: Edge, { edges, projection }: ReadSide, mayBeBehind: boolean): string | undefined {
  const { node, error } = edge.status;
  if (error !== '') return 'refusing';
  const verdict = verdictOf(edge, projection.head);
  if (verdict === 'same') return undefined;
  if (verdict !== 'behind') return verdict;
  return mayBeBehind && edges.get(node)!.lag.seconds > BEHIND_SECONDS ? 'behind' : undefined;
}
