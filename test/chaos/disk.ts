import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MEGABYTES = 48;

/** Why no disks can be made that fill up, which needs a mount; undefined: they can. */
export const CANNOT_FILL = reasonNotToMount();

/** A data folder on a small disk of its own, if the system lets us make one. */
export class Disk {
  constructor(readonly folder: string) {
    mkdirSync(folder, { recursive: true });
    if (CANNOT_FILL === undefined) mount(folder);
  }

  /** Takes all the room that is left, if it is a disk of its own. */
  fill(): void {
    if (CANNOT_FILL !== undefined) return;
    try {
      writeFileSync(this.#ballast, Buffer.alloc(MEGABYTES * 2 ** 20));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
  }

  free(): void {
    rmSync(this.#ballast, { force: true });
  }

  remove(): void {
    if (CANNOT_FILL === undefined) unmount(this.folder);
  }

  get #ballast(): string {
    return join(this.folder, 'ballast');
  }
}

function reasonNotToMount(): string | undefined {
  if (process.platform !== 'linux') return 'that needs Linux, to mount small ones';
  const folder = mkdtempSync(join(tmpdir(), 'upgate-mount-'));
  try {
    mount(folder);
    unmount(folder);
    return undefined;
  } catch (error) {
    return `small ones cannot be mounted, as root can: ${(error as Error).message}`;
  } finally {
    rmdirSync(folder);
  }
}

function mount(folder: string): void {
  run('mount', ['-t', 'tmpfs', '-o', `size=${MEGABYTES}m`, 'tmpfs', folder]);
}

function unmount(folder: string): void {
  run('umount', ['-l', folder]);
}

function run(command: string, args: string[]): void {
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  const [reason] = stderr?.split('\n') ?? [];
  if (status !== 0) throw new Error(`${command} failed: ${error?.message ?? reason}`);
}
