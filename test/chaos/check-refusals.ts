import { decide, noRecord, type ResourceRecord } from '#domain';
import type { Attempt, History, SentCommand, Violation } from './history.js';
import { Holdings } from './holdings.js';
import { KnownLog } from './known-log.js';
import { asDecided, stepsByResource, type Step } from './log-view.js';

/** A command may lose its turn to others, whatever the log says. */
const NEEDS_NO_REASON = 'contention';

/** Every refusal was due at some position at which the log can have been when the command was decided. */
export function checkRefusals(history: History): Violation[] {
  const log = new KnownLog(history);
  const steps = stepsByResource(history.events);
  const holdings = new Holdings(steps);
  return history.attempts.flatMap((attempt) => {
    const { reply, resource, command } = attempt;
    if (!reply || 'answer' in reply || reply.refused === NEEDS_NO_REASON) return [];
    const { least, most } = log.when(attempt);
    const own = steps.get(resource) ?? [];
    const due =
      reply.refused === 'hostname_taken'
        ? holdings.others(resource, hostnamesOf(command), least, most)
        : recordsBetween(own, least, most).some((record) =>
            reasons(attempt, record, own).includes(reply.refused),
          );
    return due ? [] : [unfounded(attempt, reply.refused, least, most)];
  });
}

/** As the resource was at some position of these. */
function recordsBetween(steps: readonly Step[], least: bigint, most: bigint): ResourceRecord[] {
  const start = steps.findLast(({ event }) => event.position <= least)?.after ?? noRecord;
  const later = steps.filter(({ event }) => event.position > least && event.position <= most);
  return [start, ...later.map(({ after }) => after)];
}

function reasons({ command, ifMatch }: Attempt, record: ResourceRecord, steps: readonly Step[]): string[] {
  const mismatch = ifMatch !== undefined && ifMatch !== record.revision ? ['revision_mismatch'] : [];
  const decided = asDecided(command, steps.slice(0, record.revision));
  if (!decided) return [...mismatch, record.revision === 0 ? 'resource_unknown' : 'revision_unknown'];
  const decision = decide(decided, record.state);
  return 'refused' in decision ? [...mismatch, decision.refused] : mismatch;
}

function hostnamesOf(command: SentCommand): string[] {
  if (command.type !== 'CreateCdnResource' && command.type !== 'ChangeCdnResource') return [];
  const { cname, secondaryHostnames = [] } =
    command.type === 'CreateCdnResource' ? command.resource : command.change;
  return cname === undefined ? secondaryHostnames : [cname, ...secondaryHostnames];
}

function unfounded(
  { command, resource, requestId }: Attempt,
  refused: string,
  least: bigint,
  most: bigint,
): Violation {
  const account = `${command.type} on ${resource} (request ${requestId}) was refused (${refused}), for which there was no reason at positions ${least} to ${most}`;
  return { rule: 'a refusal has its reason', account };
}
