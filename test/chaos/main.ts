import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { CANNOT_FILL } from './disk.js';
import { Progress } from './progress.js';
import { summary, accountOf } from './report.js';
import { runChaos, type ChaosResult } from './run.js';

const USAGE =
  'Usage: npm run chaos -- [--minutes N] [--seed S]   (0 < N <= 1440; without a seed, a random one)';

const options = readArguments();
const folder = mkdtempSync(join(tmpdir(), 'upgate-chaos-'));
const { minutes: length, seed: start } = options;
console.log(`seed ${start}; replay with: npm run chaos -- --minutes ${length} --seed ${start}`);
if (CANNOT_FILL !== undefined) console.log(`disks are not filled: ${CANNOT_FILL}`);
const progress = new Progress(process.stdout);
const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'])
  process.once(signal, () => {
    progress.show('ends after this round');
    interrupted.abort();
  });
const onProgress = (line: string) => progress.show(line);
const result = await runChaos({ ...options, folder, onProgress, stop: interrupted.signal }).catch(
  (error: Error) => error,
);
progress.end();
if (result instanceof Error) fail(`the run has failed: ${result.message}`);
else conclude(result);

function conclude({ history, violations }: ChaosResult): void {
  console.log(summary(history));
  if (violations.length > 0) fail(accountOf(violations));
  else rmSync(folder, { recursive: true });
}

function fail(account: string): void {
  console.error(`${account}\nhistory and logs: ${folder}`);
  process.exitCode = 1;
}

function readArguments(): { minutes: number; seed: string } {
  try {
    const { values } = parseArgs({ options: { minutes: { type: 'string' }, seed: { type: 'string' } } });
    const { minutes: text = '1', seed = `${Math.floor(Math.random() * 1e9)}` } = values;
    const minutes = Number(text);
    if (!(minutes > 0 && minutes <= 1440)) throw new Error(`--minutes ${text} is not a number of 0 to 1440`);
    return { minutes, seed };
  } catch (error) {
    console.error(`${(error as Error).message}\n${USAGE}`);
    process.exit(1);
  }
}
