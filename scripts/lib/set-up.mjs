import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { build } from './build.mjs';
import { holding } from './lock.mjs';
import { projectNode, requireAnyNode } from './node.mjs';
import { installPackages } from './packages.mjs';
import { ROOT } from './root.mjs';
import { installCommands } from './system.mjs';
import { Trouble } from './trouble.mjs';

export { Trouble };

/** Installs and builds what `program` needs and is not there yet. Returns the Node to run it with. */
export async function setUp(program) {
  requireAnyNode();
  mkdirSync(join(ROOT, 'dist'), { recursive: true });
  return holding(join(ROOT, 'dist/.set-up.lock'), async () => {
    await installPackages();
    const node = projectNode();
    await installCommands(program.commands());
    if (program.built) await buildOrExplain(node);
    return node;
  });
}

async function buildOrExplain(node) {
  const { ok, output } = await build(node, () => console.error('Building…'));
  if (!ok) throw new Trouble(`${output}\nThe build failed.`);
}
