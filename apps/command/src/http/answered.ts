import type { FastifyReply } from 'fastify';
import type { CommandAnswerJson } from '#contract';
import type { CommandResult } from '../commands/command-result.js';
import type { Commands } from '../commands/commands.js';
import { waitMsOf, type WaitParameters } from '../input/command-parameters.js';

/** Answers a command over HTTP: sets the headers, and waits for the edges if asked to. */
export async function answered(
  commands: Commands,
  { answer, replayed }: CommandResult,
  wait: WaitParameters,
  reply: FastifyReply,
): Promise<CommandAnswerJson> {
  void reply.header('etag', `"${answer.revision}"`).header('upgate-position', answer.position);
  if (replayed) void reply.header('idempotency-replayed', 'true');
  return commands.converged(answer, waitMsOf(wait));
}
