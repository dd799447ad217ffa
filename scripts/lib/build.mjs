import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { runQuietly } from './command.mjs';
import { ROOT } from './root.mjs';
import { outputs, sources, unlessDone } from './stamp.mjs';

/**
 * Compiles the sources into dist, unless they are as they were at the last successful build.
 * @param {string} node the Node to run the compiler with
 * @param {() => void} onStart called if there is anything to do
 * @returns {Promise<{ok: boolean, output: string}>}
 */
export function build(node, onStart = () => {}) {
  return unlessDone(join(ROOT, 'dist/.sources'), () => {
    onStart();
    removeStaleOutputs();
    return runQuietly([node, join(ROOT, 'node_modules/.bin/tsc'), '-p', 'tsconfig.json']);
  });
}

function removeStaleOutputs() {
  const current = new Set(sources());
  for (const output of outputs('dist')) {
    const source = output.slice('dist/'.length).replace(/\.js(\.map)?$/, '.ts');
    if (!current.has(source)) rmSync(join(ROOT, output));
  }
}
