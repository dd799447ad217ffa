import { parseArgs } from 'node:util';
import type { LogOptions } from './config.js';

export const USAGE = `Usage:
  npm run --silent log -- export > copy.ndjson   writes a copy of the event log
  npm run log -- import copy.ndjson              makes a new event log from a copy
  npm run log -- epoch                           says the epoch of the event log
  npm run log -- epoch --new                     gives a log that was put back another epoch; stop Upgate first
Options, before the variables UPGATE_STORE and UPGATE_DATA:
  --store sqlite | kurrentdb://...    --data <folder of the embedded log>`;

export type Task = { task: 'export' } | { task: 'import'; file: string } | { task: 'epoch'; renew: boolean };
type Help = { task: 'help' };

/** Undefined if they make no sense. */
export function parseArguments(args: string[]): (Task & { options: LogOptions }) | Help | undefined {
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        store: { type: 'string' },
        data: { type: 'string' },
        new: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    const { new: renew = false, help, ...options } = values;
    if (help) return { task: 'help' };
    const task = taskOf(positionals, renew);
    return task && { ...task, options };
  } catch {
    return undefined;
  }
}

function taskOf([name, file, ...more]: string[], renew: boolean): Task | undefined {
  if (more.length > 0) return undefined;
  if (name === 'epoch' && file === undefined) return { task: 'epoch', renew };
  if (renew) return undefined;
  if (name === 'export' && file === undefined) return { task: 'export' };
  return name === 'import' && file !== undefined ? { task: 'import', file } : undefined;
}
