import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

/** Where Prometheus is deployed from. */
export const PROMETHEUS = join(import.meta.dirname, '../../deploy/prometheus');

/** Runs promtool in the folder of Prometheus. */
export async function promtool(args: string[], input = ''): Promise<{ code: number; said: string }> {
  const child = spawn('promtool', args, { cwd: PROMETHEUS });
  child.stdin.end(input);
  const closed = once(child, 'close') as Promise<[number]>;
  const [out, error, [code]] = await Promise.all([text(child.stdout), text(child.stderr), closed]);
  return { code, said: out + error };
}
