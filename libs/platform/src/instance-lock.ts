import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

const SQLITE_BUSY = 5;

/** Another live process works on the data folder. */
export class InstanceRunning extends Error {
  override readonly name = 'InstanceRunning';
}

/**
 * Takes `dataDir` for this process alone. The lock is a file lock that the kernel drops with the process, however it
 * ends. `variable` is the one that names the folder. Throws InstanceRunning, naming the folder and the process, if another one holds it.
 * @returns gives the folder back
 */
export function lockInstance(dataDir: string, variable = 'UPGATE_DATA'): () => void {
  mkdirSync(dataDir, { recursive: true });
  const pidFile = join(dataDir, 'instance.pid');
  const lock = new DatabaseSync(join(dataDir, 'instance.lock'), { timeout: 0 });
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

function describeHolder(pidFile: string): string {
  try {
    return ` (process ${readFileSync(pidFile, 'utf8')})`;
  } catch {
    return '';
  }
}
