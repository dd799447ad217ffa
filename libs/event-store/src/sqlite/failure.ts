import { Damaged } from './damaged.ts';
import type { Failed } from './protocol.ts';

const CORRUPT = 11;
const NOT_A_DATABASE = 26;

/** What an error of SQLite means to a user of the log. */
export function failureOf(error: unknown, file: string): Failed {
  const message = error instanceof Error ? error.message : String(error);
  const code = primaryCode(error);
  if (code === NOT_A_DATABASE) return corrupt(`${file} is not an event log: ${message}`);
  if (code === CORRUPT || error instanceof Damaged)
    return corrupt(`the event log ${file} is damaged: ${message}`);
  return {
    failure: { kind: 'unavailable', message: `the event log ${file} cannot be used now: ${message}` },
  };
}

function corrupt(message: string): Failed {
  return { failure: { kind: 'corrupt', message } };
}

function primaryCode(error: unknown): number | undefined {
  return error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : undefined;
}
