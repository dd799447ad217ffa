import { join } from 'node:path';
import { ROOT } from './root.mjs';

/** The command that runs an installed tool with the Node that runs this. */
export function tool(name, ...args) {
  return [process.execPath, join(ROOT, 'node_modules/.bin', name), ...args];
}
