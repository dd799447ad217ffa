import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const MEGABYTES = 48;

/** Whether disks can be made that fill up: that needs a mount. */
export const CAN_FILL = process.platform === 'linux' && process.getuid?.() === 0;

/** A data folder on a small disk of its own, if the system lets us make one. */
export class Disk {
  constructor(readonly folder: string) {
    mkdirSync(folder, { recursive: true });
    if (CAN_FILL) run('mount', ['-t', 'tmpfs', '-o', `size=${MEGABYTES}m`, 'tmpfs', folder]);
  }

  /** Takes all the room that is left. */
  fill(): void {
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
    if (CAN_FILL) run('umount', ['-l', this.folder]);
  }

  get #ballast(): string {
    return join(this.folder, 'ballast');
  }
}

function run(command: string, args: string[]): void {
  const { status, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed: ${stderr}`);
}
