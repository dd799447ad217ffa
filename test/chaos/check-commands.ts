import type { CommandAnswerJson } from '#contract';
import { decide } from '#domain';
import { renderResource } from '#platform';
import type { Attempt, History, Violation } from './history.js';
import { appends, asDecided, sameJson, stepsByResource, type Step } from './log-view.js';

/** Holds every answer to a command against the log: what was promised is there, once, and as it was promised. */
export function checkCommands({ events, attempts }: History): Violation[] {
  const steps = stepsByResource(events);
  const byRequest = new Map(attempts.map((attempt) => [attempt.requestId, attempt]));
  return [
    ...attempts.flatMap((attempt) => checkReply(attempt, steps.get(attempt.resource) ?? [])),
    ...[...steps.values()].flatMap((own) => [...checkOnce(own), ...checkDecisions(own, byRequest)]),
    ...checkSameAnswers(attempts),
  ];
}

function checkReply(attempt: Attempt, steps: readonly Step[]): Violation[] {
  const { reply } = attempt;
  if (!reply) return [];
  if ('answer' in reply) return checkAnswer(attempt, reply.answer, steps);
  const effect = steps.find(({ event }) => event.metadata.correlationId === attempt.requestId);
  if (!effect || effect.event.type === 'HostnameClaimRevoked') return [];
  return [violation('refused means no effect', attempt, `refused (${reply.refused}), and ${show(effect)}`)];
}

function checkAnswer(
  attempt: Attempt,
  { changed, revision, position, resource }: Extract<Attempt['reply'], { answer: unknown }>['answer'],
  steps: readonly Step[],
): Violation[] {
  const step = steps[revision - 1];
  const told = `answered with revision ${revision} at position ${position}`;
  const owned = step && (!(changed || attempt.key) || ownedBy(attempt, step));
  if (!step || !owned || `${step.event.position}` !== position)
    return [violation('no acknowledged command is lost', attempt, `${told}, but ${show(step)}`)];
  const logged = renderResource(step.after);
  if (sameJson(resource, logged)) return [];
  const contents = `${JSON.stringify(resource)}, the log has ${JSON.stringify(logged)}`;
  return [violation('an answer is what the log says', attempt, `${told} and ${contents}`)];
}

function ownedBy({ key, requestId }: Attempt, { event: { metadata } }: Step): boolean {
  return key === undefined ? metadata.correlationId === requestId : metadata.idempotency?.key === key;
}

function checkOnce(steps: readonly Step[]): Violation[] {
  const commands = Map.groupBy(appends(steps), ([first]) => {
    const { idempotency, correlationId } = first!.event.metadata;
    return idempotency ? `the key ${idempotency.key}` : `the request ${correlationId}`;
  });
  return [...commands]
    .filter(([, runs]) => runs.length > 1)
    .map(([command, runs]) => ({
      rule: 'no command is applied twice',
      account: `${command}: ${runs.map(([first]) => show(first)).join(' and ')}`,
    }));
}

/** What was appended is what the command decides on the state right before it, on the condition that it set. */
function checkDecisions(steps: readonly Step[], byRequest: ReadonlyMap<string, Attempt>): Violation[] {
  return appends(steps).flatMap((run) => {
    const [{ event, before }] = run as [Step];
    const attempt = byRequest.get(event.metadata.correlationId);
    const fault = attempt ? faultOf(attempt, run, before, steps) : 'nobody sent such a command';
    return fault ? [{ rule: 'the log follows from the commands', account: `${show(run[0])}: ${fault}` }] : [];
  });
}

function faultOf(
  { command, ifMatch }: Attempt,
  run: readonly Step[],
  before: Step['before'],
  steps: readonly Step[],
) {
  const asked = asDecided(command, steps.slice(0, before.revision));
  const decided = asked && decide(asked, before.state);
  const expected = !decided || 'refused' in decided ? undefined : decided;
  const found = run.map(({ event: { type, data } }) => ({ type, data }));
  const noEffect = [{ type: 'CommandHadNoEffect', data: { command: command.type } }];
  if (!expected || !sameJson(expected.length > 0 ? expected : noEffect, found))
    return `${JSON.stringify(command)} gives ${JSON.stringify(decided)} here, not ${JSON.stringify(found)}`;
  const mismatch = ifMatch !== undefined && ifMatch !== before.revision;
  return mismatch ? `it asked for revision ${ifMatch}, and met ${before.revision}` : undefined;
}

function checkSameAnswers(attempts: readonly Attempt[]): Violation[] {
  const accepted = attempts.flatMap(({ resource, key, reply }) =>
    key !== undefined && reply && 'answer' in reply
      ? [{ id: `${resource}, ${key}`, answer: withoutNodes(reply.answer) }]
      : [],
  );
  return [...Map.groupBy(accepted, ({ id }) => id)].flatMap(([id, [first, ...others]]) =>
    others
      .filter(({ answer }) => !sameJson(answer, first!.answer))
      .map(({ answer }) => ({
        rule: 'the same key gets the same answer',
        account: `${id}: first ${JSON.stringify(first!.answer)}, then ${JSON.stringify(answer)}`,
      })),
  );
}

/** What the nodes do is told as it is at the time. */
function withoutNodes({ changed, revision, position, resource }: CommandAnswerJson): CommandAnswerJson {
  return { changed, revision, position, resource };
}

function violation(rule: string, { requestId, resource, command, key }: Attempt, account: string): Violation {
  const keyed = key === undefined ? '' : ` under the key ${key}`;
  return { rule, account: `${command.type} on ${resource} (request ${requestId}${keyed}): ${account}` };
}

function show(step: Step | undefined): string {
  if (!step) return 'the log has no such revision';
  const { type, stream, revision, position, metadata } = step.event;
  return `the log has ${type} at revision ${revision} of ${stream}, position ${position}, of request ${metadata.correlationId}`;
}
