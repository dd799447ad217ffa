import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { filesUnder, SOURCE_FOLDERS } from './files.mjs';
import { ROOT } from './root.mjs';

const EXEMPTION = new RegExp(
  ['(eslint|oxlint)-disable', '@ts-(ignore|nocheck|expect-error)', 'as unknown as '].join('|'),
);

/** The rules hold everywhere: no line switches one off, or the type checker. */
export async function checkExemptions() {
  const found = [...SOURCE_FOLDERS, 'scripts']
    .flatMap(filesUnder)
    .filter(
      (path) => /\.(ts|mjs)$/.test(path) && !path.includes('/generated/') && !path.endsWith('exemptions.mjs'),
    )
    .flatMap(exemptionsIn);
  return { ok: found.length === 0, output: found.join('\n') };
}

function exemptionsIn(path) {
  return readFileSync(join(ROOT, path), 'utf8')
    .split('\n')
    .flatMap((line, index) => (EXEMPTION.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : []));
}
