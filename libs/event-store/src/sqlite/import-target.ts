import { existsSync, linkSync, rmSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { ImportTarget } from '../transfer/import-log.js';
import { highestAcknowledged, HighWaterMark, markOf } from './high-water-mark.js';
import { SqliteEventStore } from './sqlite-event-store.js';

/** Imports into a draft beside the log's place, which becomes the log when it is complete. */
export async function sqliteTarget(file: string): Promise<ImportTarget> {
  if (existsSync(file))
    throw new Error(`There is an event log at ${file} already: an import makes a new one.`);
  const draft = `${file}.import`;
  if (isLogOfItsOwn(draft)) discard(draft);
  const store = await SqliteEventStore.open({ file: draft });
  return {
    store,
    ordered: true,
    finish: async () => {
      const [epoch, head] = await Promise.all([store.epoch(), store.head()]);
      await store.close();
      requireMerged(draft);
      await putInPlace(draft, file, head);
      return { epoch };
    },
    close: () => store.close(),
  };
}

/** An import that was cut off in its last step leaves a whole log under two names. */
function isLogOfItsOwn(draft: string): boolean {
  return (statSync(draft, { throwIfNoEntry: false })?.nlink ?? 0) > 1;
}

/** Without its write-ahead log, which stays where it is, the draft would not be whole. */
function requireMerged(draft: string): void {
  if (existsSync(`${draft}-wal`))
    throw new Error(
      `${draft} could not be completed: the disk is full, or another program has it open. Import again.`,
    );
}

/**
 * Makes the draft the log, unless there is one by now. At whatever step this ends, no log is there, and another import
 * goes on; or the whole log is, with a mark that asks for no more than it holds.
 */
async function putInPlace(draft: string, file: string, head: bigint): Promise<void> {
  replaceMarkOfLost(file, head);
  linkIfAbsent(draft, file);
  HighWaterMark.reset(file, head);
  await syncFolder(dirname(file));
  discard(draft);
}

/** While a mark asks for a log that is gone, no program makes a new one: the mark cannot be of one made meanwhile. */
function replaceMarkOfLost(file: string, head: bigint): void {
  if (highestAcknowledged(file) > 0n && !existsSync(file)) HighWaterMark.reset(file, head);
}

function linkIfAbsent(draft: string, file: string): void {
  try {
    linkSync(draft, file);
  } catch (error) {
    if (!existsSync(file)) throw error;
    throw new Error(
      `There is an event log at ${file} by now, made during the import: it stays as it is. ` +
        `To have the copy in its place, move that log away and import again.`,
      { cause: error },
    );
  }
}

/** The mark first: alone, it would ask for a draft that is gone. */
function discard(draft: string): void {
  rmSync(markOf(draft), { force: true });
  rmSync(draft, { force: true });
}

async function syncFolder(path: string): Promise<void> {
  await using folder = await open(path, 'r');
  await folder.sync();
}
