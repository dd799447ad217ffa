import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './root.mjs';
import { Trouble } from './trouble.mjs';

/** The set-up itself runs on any Node from 20 on. */
export function requireAnyNode() {
  if (Number(process.versions.node.split('.')[0]) >= 20) return;
  throw new Trouble(`Node ${process.versions.node} is too old: Upgate's set-up needs Node 20 or newer.`);
}

/** The Node that Upgate runs on: its own where npm brings one (Linux), else the caller's if it will do. */
export function projectNode() {
  const own = join(ROOT, `node_modules/node-${process.platform}-${process.arch}/bin/node`);
  if (existsSync(own) && spawnSync(own, ['--version']).status === 0) return own;
  const [major, minor] = process.versions.node.split('.').map(Number);
  if ((major === 24 && minor >= 9) || major >= 26) return process.execPath;
  throw new Trouble(
    `Upgate needs Node 24.9 or newer, or 26 and newer; this is ${process.versions.node}, and there is no Node package for ` +
      `${process.platform}-${process.arch}.\nInstall one (${process.platform === 'darwin' ? 'brew install node@24' : 'https://nodejs.org'}) and run this again with it.`,
  );
}
