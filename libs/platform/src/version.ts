import { readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';

/** Of this program, from its package.json. */
export const VERSION = readVersion();

function readVersion(): string {
  const path = findPackageJSON('..', import.meta.url);
  if (path === undefined) throw new Error(`no package.json above ${import.meta.dirname}`);
  return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version;
}
