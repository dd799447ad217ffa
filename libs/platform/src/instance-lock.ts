import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { makeFolder } from '#event-store';

const SQLITE_BUSY = 5;

/** Another live process works on the data folder. */
export class InstanceRunning extends Error {
  override readonly name = 'InstanceRunning';
}

/** The data folder cannot be made or written: the message names it, why, and the variable to change. */
class DataFolderUnusable extends Error {
  override readonly name = 'DataFolderUnusable';
}

/**
 * Takes `dataDir` for this process alone. The lock is a file lock that the kernel drops with the process, however it
 * ends. `variable` is the one that names the folder. Throws InstanceRunning,
 * naming the folder and the process, if another one holds it, and DataFolderUnusable.
 * @returns gives the folder back
 */
export function lockInstance(dataDir: string, variable = 'UPGATE_DATA'): () => void {
  const pidFile = join(dataDir, 'instance.pid');
  const lock = openLock(dataDir, variable);
  try {
    lock.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    lock.close();
    if ((error as { errcode?: number }).errcode !== SQLITE_BUSY) throw error;
    throw new InstanceRunning(
      `Another Upgate${describeHolder(pidFile)} uses the data folder ${dataDir}. ` +
        `Stop it first, or choose another folder with ${variable}.`,
    );
  }
  writeFileSync(pidFile, String(process.pid));
  return () => {
    rmSync(pidFile, { force: true });
    lock.close();
  };
}

function openLock(dataDir: string, variable: string): DatabaseSync {
  try {
    makeFolder(dataDir);
    return new DatabaseSync(join(dataDir, 'instance.lock'), { timeout: 0 });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const problem = `The data folder ${dataDir} cannot be used: ${reason}.`;
    throw new DataFolderUnusable(`${problem} Choose another folder with ${variable}.`, { cause: error });
  }
}

function describeHolder(pidFile: string): string {
  try {
    return ` (process ${readFileSync(pidFile, 'utf8')})`;
  } catch {
    return '';
  }
}
