import type { History, Observation, Violation } from './history.js';
import { PolicyTimeline } from './policy-timeline.js';
import { isApplied } from './report.js';

interface Promised {
  at: number;
  position: bigint;
  requestId: string;
}

/**
 * After a command was answered as applied, every node that was there enforces it or what came later. A node that was
 * started afterwards answers for what its disk had, which the order of its positions tells.
 */
export function checkApplied(history: History): Violation[] {
  const promises = promisesOf(history);
  const hosts = history.observations.flatMap((seen) => (seen.kind === 'handshake' ? [seen.host] : []));
  const timeline = new PolicyTimeline(history, new Set(hosts));
  const lives = Map.groupBy(history.observations, ({ node, incarnation }) => `${node} ${incarnation}`);
  return [...lives.values()].flatMap((life) => checkLife(life, promises, timeline));
}

function promisesOf({ attempts }: History): Promised[] {
  const promises = attempts
    .filter(isApplied)
    .flatMap(({ reply, requestId }) =>
      reply && 'answer' in reply
        ? [{ at: reply.at, position: BigInt(reply.answer.position), requestId }]
        : [],
    );
  return promises.toSorted((one, other) => one.at - other.at);
}

/** One life of a node's process, from when it was first seen. */
function checkLife(
  life: readonly Observation[],
  promises: readonly Promised[],
  timeline: PolicyTimeline,
): Violation[] {
  const [first] = life;
  const due = promises.filter(({ at }) => at > first!.at);
  let next = 0;
  let highest: Promised | undefined;
  return life.flatMap((seen) => {
    for (; next < due.length && due[next]!.at < seen.since; next += 1)
      if (!highest || due[next]!.position > highest.position) highest = due[next];
    return highest && !keeps(seen, highest.position, timeline) ? [broken(seen, highest)] : [];
  });
}

function keeps(seen: Observation, position: bigint, timeline: PolicyTimeline): boolean {
  if (seen.kind === 'report') return seen.position >= position;
  return timeline.earliest(seen.host, seen.outcome, position) !== undefined;
}

function broken(seen: Observation, { requestId, position }: Promised): Violation {
  const found =
    seen.kind === 'report' ? `is at position ${seen.position}` : `answers "${seen.outcome}" for ${seen.host}`;
  const account = `${seen.node} ${found} at ${Math.round(seen.at)} ms, after the request ${requestId} had been answered as applied at position ${position}`;
  return { rule: 'applied is enforced by every node', account };
}
