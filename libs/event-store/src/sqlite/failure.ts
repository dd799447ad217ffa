import type { Failure } from './protocol.ts';

const CORRUPT = 11;
const NOT_A_DATABASE = 26;

/** Thrown inside the threads of the log when what is on disk is not what was written. */
export class Damaged extends Error {
  override readonly name = 'Damaged';
}

/** What an error of SQLite means to a user of the log. */
export function failureOf(error: unknown, file: string): Failure {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof Damaged)
    return { kind: 'corrupt', message: `the event log ${file} is damaged: ${message}` };
  const code = primaryCode(error);
  if (code === NOT_A_DATABASE) return { kind: 'corrupt', message: `${file} is not an event log: ${message}` };
  if (code === CORRUPT) return { kind: 'corrupt', message: `the event log ${file} is damaged: ${message}` };
  return { kind: 'unavailable', message: `the event log ${file} cannot be used now: ${message}` };
}

function primaryCode(error: unknown): number | undefined {
  return error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : undefined;
}
