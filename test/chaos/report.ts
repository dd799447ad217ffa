import type { Attempt, History, Violation } from './history.js';

const SHOWN = 5;

/** One line: how much was checked. */
export function summary({ attempts, events, observations, recoveries }: History): string {
  const acknowledged = attempts.filter(({ reply }) => reply && 'answer' in reply).length;
  const applied = attempts.filter(isApplied).length;
  const unknown = attempts.filter(({ reply }) => !reply).length;
  const slowest = Math.round(Math.max(...recoveries.map(({ tookMs }) => tookMs)));
  return [
    `${attempts.length} commands (${acknowledged} acknowledged, ${applied} as applied, ${unknown} unanswered)`,
    `${events.length} events`,
    `${observations.length} looks at the nodes`,
    `${recoveries.length} rounds, all current after at most ${slowest} ms`,
  ].join(', ');
}

/** It was answered that every live node has applied it. */
export function isApplied({ reply }: Attempt): boolean {
  return reply !== undefined && 'answer' in reply && reply.answer.convergence?.status === 'applied';
}

/** What was violated, rule by rule, with the first cases of each. */
export function accountOf(violations: readonly Violation[]): string {
  return [...Map.groupBy(violations, ({ rule }) => rule)]
    .flatMap(([rule, cases]) => [
      `VIOLATED: ${rule} (${cases.length})`,
      ...cases.slice(0, SHOWN).map(({ account }) => `  ${account}`),
    ])
    .join('\n');
}
