import { once } from 'node:events';
import { existsSync } from 'node:fs';
import {
  exportLog,
  importLog,
  openEventStore,
  openImportTarget,
  renewEpoch,
  requireLog,
  verifyCopy,
  type LogPlace,
} from '#event-store';
import type { Task } from './arguments.js';

const PROGRESS_EVENTS = 10_000;

/** Where the tool writes what was asked for, and what it has to say beside. */
export interface Output {
  out: NodeJS.WritableStream;
  say: (line: string) => void;
}

export async function perform(task: Task, place: LogPlace, output: Output): Promise<void> {
  if (task.task === 'export') return copyOut(place, output);
  if (task.task === 'import') return copyIn(task.file, place, output);
  const epoch = task.renew ? await renewEpoch(place) : await currentEpoch(place);
  output.out.write(`${epoch}\n`);
}

async function currentEpoch(place: LogPlace): Promise<string> {
  requireLog(place);
  const store = await openEventStore(place);
  try {
    return await store.epoch();
  } finally {
    await store.close();
  }
}

async function copyOut(place: LogPlace, { out, say }: Output): Promise<void> {
  requireLog(place);
  const store = await openEventStore(place);
  const write = async (lines: string) => {
    if (!out.write(lines)) await once(out, 'drain');
  };
  try {
    const { events, digest } = await exportLog(store, write, progress('exported', say));
    say(`exported ${events} events, ${digest}`);
  } finally {
    await store.close();
  }
}

async function copyIn(file: string, place: LogPlace, { say }: Output): Promise<void> {
  if (!existsSync(file)) throw new Error(`There is no file ${file}.`);
  const copied = await verifyCopy(file);
  say(`${file} is a whole copy of ${copied.events} events`);
  const target = await openImportTarget(place);
  try {
    const { events, digest, resumed, epoch } = await importLog(
      file,
      copied,
      target,
      progress('imported', say),
    );
    if (resumed > 0) say(`${resumed} events had been imported before`);
    say(`imported ${events} events, ${digest}; the log's epoch is ${epoch}`);
  } finally {
    await target.close();
  }
}

/** Says how far it has got, from time to time. */
function progress(done: string, say: Output['say']): (events: number) => void {
  let said = 0;
  return (events) => {
    if (events < said + PROGRESS_EVENTS) return;
    said = events;
    say(`${done} ${events} events`);
  };
}
