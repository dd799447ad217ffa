import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';

const HOME = /^[0-9a-f-]{36}$/;

/**
 * The name of a data folder that this process has for itself: random, and the same with every start, so that an agent
 * that was restarted is not taken for a second one. Empty if it cannot be kept.
 */
export function homeOf(folder: string, logger: Logger): string {
  const file = join(folder, 'home');
  try {
    const kept = existsSync(file) ? readFileSync(file, 'utf8') : '';
    return HOME.test(kept) ? kept : keep(file, randomUUID());
  } catch (error) {
    logger.warn({ file, reason: String(error) }, 'the name of the data folder cannot be kept');
    return '';
  }
}

function keep(file: string, home: string): string {
  writeFileSync(`${file}.new`, home, { flush: true });
  renameSync(`${file}.new`, file);
  return home;
}
