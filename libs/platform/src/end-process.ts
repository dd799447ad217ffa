import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 20;

/** Ends a process: SIGTERM, and SIGKILL if it still runs after `patienceMs`. Returns when it has let go of its ports. */
export async function endProcess(pid: number, patienceMs = 2_000): Promise<void> {
  const deadline = Date.now() + patienceMs;
  signal(pid, 'SIGTERM');
  while (isRunning(pid)) {
    if (Date.now() > deadline) signal(pid, 'SIGKILL');
    await delay(POLL_MS);
  }
}

/** Whether there is such a process and it has not ended; one that its parent has not reaped has. */
export function isRunning(pid: number): boolean {
  const state = ask(pid, 'stat', 'stat');
  return !/^$|^[ZX]|\) [ZX]/.test(state);
}

/** The program of a process and its arguments, parted by blanks; empty if there is none. */
export function commandLine(pid: number): string {
  return ask(pid, 'cmdline', 'command').replaceAll('\0', ' ').trim();
}

/** A file of /proc where there is one, else a column of ps. */
function ask(pid: number, file: string, column: string): string {
  try {
    if (process.platform === 'linux') return readFileSync(`/proc/${pid}/${file}`, 'utf8');
    return execFileSync('ps', ['-o', `${column}=`, '-p', String(pid)], { encoding: 'utf8' }).trim();
  } catch {
    return '';
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
