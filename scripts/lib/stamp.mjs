import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { filesUnder, fingerprintOf, SOURCE_FOLDERS } from './files.mjs';

const SETTINGS = ['tsconfig.json', 'package.json', 'package-lock.json', 'nest-cli.json', 'vitest.config.ts'];

/** The TypeScript sources, as paths from the checkout's root. */
export function sources() {
  return SOURCE_FOLDERS.flatMap(filesUnder).filter((path) => path.endsWith('.ts'));
}

/** The outputs of a build in `folder`. */
export function outputs(folder) {
  return SOURCE_FOLDERS.flatMap((sourceFolder) => filesUnder(join(folder, sourceFolder)));
}

/**
 * Does `work` unless it was done already with the same sources; `stamp` remembers.
 * @param {string} stamp a file
 * @param {() => Promise<{ok: boolean, output: string}>} work
 */
export async function unlessDone(stamp, work) {
  const tsconfigs = SOURCE_FOLDERS.flatMap(filesUnder).filter((path) => /\/tsconfig[^/]*\.json$/.test(path));
  const fingerprint = fingerprintOf([...sources(), ...tsconfigs, ...SETTINGS]);
  if (read(stamp) === fingerprint) return { ok: true, output: '' };
  rmSync(stamp, { force: true });
  const result = await work();
  mkdirSync(dirname(stamp), { recursive: true });
  if (result.ok) writeFileSync(stamp, fingerprint);
  return result;
}

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
