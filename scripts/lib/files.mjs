import { createHash } from 'node:crypto';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './root.mjs';

/** The folders of TypeScript that there are. */
export const SOURCE_FOLDERS = ['apps', 'libs', 'test', 'bench', 'examples'].filter((folder) =>
  existsSync(join(ROOT, folder)),
);

/** The files below a folder of the checkout, as sorted paths from its root. */
export function filesUnder(folder) {
  if (!existsSync(join(ROOT, folder))) return [];
  const entries = readdirSync(join(ROOT, folder), { withFileTypes: true });
  return entries
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? filesUnder(path) : [path];
    })
    .toSorted();
}

/** A text that differs as soon as one of the files was written again. */
export function fingerprintOf(paths) {
  const hash = createHash('sha256');
  for (const path of paths) {
    const { size, mtimeMs } = statSync(join(ROOT, path));
    hash.update(`${path} ${size} ${mtimeMs}\n`);
  }
  return hash.digest('hex');
}
