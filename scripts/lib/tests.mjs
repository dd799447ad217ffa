import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from './root.mjs';
import { tool } from './tool.mjs';

/**
 * Runs the tests whose path contains one of `filters`, or all, and shows them as they go.
 * @param {string[]} filters
 * @returns {Promise<{passed: number, failed: number}>} a file that could not be run counts as one failure
 */
export async function runTests(filters) {
  const folder = mkdtempSync(join(tmpdir(), 'upgate-tests-'));
  const report = join(folder, 'report.json');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const [node, ...args] = tool('vitest', 'run', ...reporters, ...filters);
  const vitest = spawn(node, args, { cwd: ROOT, stdio: 'inherit' });
  passSignalsOn(vitest);
  const [code] = await once(vitest, 'exit');
  const count = countIn(report);
  rmSync(folder, { recursive: true });
  return code !== 0 && count.failed === 0 ? { ...count, failed: 1 } : count;
}

function countIn(report) {
  try {
    const { numPassedTests, testResults } = JSON.parse(readFileSync(report, 'utf8'));
    const failed = testResults.filter(({ status }) => status === 'failed').map(failuresOf);
    return { passed: numPassedTests, failed: failed.reduce((sum, failures) => sum + failures, 0) };
  } catch {
    return { passed: 0, failed: 1 };
  }
}

function failuresOf({ assertionResults }) {
  return Math.max(1, assertionResults.filter(({ status }) => status === 'failed').length);
}

/** The tests end with this process, whichever way it is asked to, or left by the one that started it. */
function passSignalsOn(child) {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  process.once('disconnect', () => child.kill('SIGTERM'));
  process.channel?.unref();
}
