import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runQuietly } from './command.mjs';
import { ROOT } from './root.mjs';
import { Trouble } from './trouble.mjs';

/** Installs the npm packages with `npm ci`, unless what is installed is what package-lock.json asks for. */
export async function installPackages() {
  if (isInstalled()) return;
  console.error('Installing packages…');
  const npm = process.env.npm_execpath ? [process.execPath, process.env.npm_execpath] : ['npm'];
  const { ok, output } = await runQuietly([
    ...npm,
    'ci',
    '--loglevel=error',
    '--include=dev',
    '--include=optional',
  ]);
  if (!ok) throw new Trouble(`${output}\nThe npm packages could not be installed. To try by hand: npm ci`);
}

/** npm writes what it installed to node_modules/.package-lock.json, at the very end of an installation. */
function isInstalled() {
  const installed = packagesOf('node_modules/.package-lock.json');
  return Object.entries(packagesOf('package-lock.json')).every(
    ([path, { version, integrity, optional, devOptional }]) =>
      path === '' ||
      (installed[path]?.version === version && installed[path]?.integrity === integrity) ||
      (!installed[path] && (optional || devOptional)),
  );
}

function packagesOf(path) {
  const file = join(ROOT, path);
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).packages : {};
}
