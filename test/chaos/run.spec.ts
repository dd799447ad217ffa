import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runChaos } from './run.js';

const MOUNTS = '/proc/mounts';

it('a run that cannot begin leaves no disk behind', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'upgate-chaos-'));
  await mkdir(join(folder, 'data'));
  await writeFile(join(folder, 'data', 'projection-2'), 'in the way');
  const stop = new AbortController().signal;
  const run = runChaos({ seed: 'none', minutes: 1, folder, onProgress: () => undefined, stop });
  await expect(run).rejects.toThrow('projection-2');
  expect(existsSync(MOUNTS) ? readFileSync(MOUNTS, 'utf8') : '').not.toContain(folder);
  await rm(folder, { recursive: true });
});
