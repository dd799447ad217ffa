import type { Attempt, History, Violation } from './history.js';
import { appends, stepsByResource, type Step } from './log-view.js';

const RULE = 'the log respects real time';

/**
 * With every answer being the fold of the log at its revision, a resource's history is linearizable if the order of
 * revisions respects the order in which commands were answered and sent.
 */
export function checkOrder({ events, attempts }: History): Violation[] {
  const byResource = Map.groupBy(attempts, ({ resource }) => resource);
  const steps = stepsByResource(events);
  return [...byResource].flatMap(([resource, own]) => checkResource(own, steps.get(resource) ?? []));
}

function checkResource(attempts: readonly Attempt[], steps: readonly Step[]): Violation[] {
  const floorOf = ({ invokedAt }: Attempt) => Math.max(0, ...attempts.map((other) => seen(other, invokedAt)));
  const byRequest = new Map(attempts.map((attempt) => [attempt.requestId, attempt]));
  const effects = appends(steps).flatMap(([first]) => {
    const attempt = byRequest.get(first!.event.metadata.correlationId);
    const floor = attempt ? floorOf(attempt) : 0;
    return attempt && first!.event.revision <= floor ? [late(attempt, first!.event.revision, floor)] : [];
  });
  return [...effects, ...attempts.flatMap((attempt) => checkUnrecorded(attempt, floorOf(attempt)))];
}

/** The revision that someone knew of before this time, from the answer to an attempt. */
function seen({ reply }: Attempt, before: number): number {
  return reply && 'answer' in reply && reply.at < before ? reply.answer.revision : 0;
}

/** An answer that left no event: it too must fit a moment between the request and the answer. */
function checkUnrecorded(attempt: Attempt, floor: number): Violation[] {
  const { reply, key } = attempt;
  if (!reply || !('answer' in reply)) return [];
  const { changed, revision } = reply.answer;
  return !changed && key === undefined && revision < floor ? [late(attempt, revision, floor)] : [];
}

function late(attempt: Attempt, revision: number, floor: number): Violation {
  const account = `${name(attempt)} was sent after revision ${floor} had been answered, and took place at ${revision}`;
  return { rule: RULE, account };
}

function name({ command, resource, requestId }: Attempt): string {
  return `${command.type} on ${resource} (request ${requestId})`;
}
