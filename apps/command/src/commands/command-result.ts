import type { CommandAnswerJson } from '#contract';

export interface CommandResult {
  answer: CommandAnswerJson;
  /** It is the answer that the same command under the same idempotency key was given before. */
  replayed: boolean;
}
