import { availableParallelism } from 'node:os';
import { build } from './build.mjs';
import { runQuietly } from './command.mjs';
import { checkExemptions } from './exemptions.mjs';
import { SOURCE_FOLDERS } from './files.mjs';
import { checkGenerated } from './generated.mjs';
import { nestBuild } from './nest-build.mjs';
import { tool } from './tool.mjs';

/** The gate that tests depend on: they run programs from the build. */
export const BUILD = 'type check and build';

/** What must hold of the code besides its tests, the slow ones first. Each gives {ok, output}. */
const GATES = {
  'nest build': nestBuild,
  [BUILD]: () => build(process.execPath),
  lint: () =>
    runQuietly(tool('oxlint', '--type-aware', '--deny-warnings', '--report-unused-disable-directives')),
  'no lint exemptions': checkExemptions,
  'import rules': () =>
    runQuietly(tool('depcruise', '--config', '.dependency-cruiser.mjs', ...SOURCE_FOLDERS)),
  'unused code': () => runQuietly(tool('knip')),
  format: () => runQuietly(tool('prettier', '--check', '--log-level', 'warn', '.')),
  'proto lint': () => runQuietly(tool('buf', 'lint', 'libs/contract')),
  'generated code': checkGenerated,
};

/**
 * Runs the gates `names`, or all, as many at once as there are processors, and prints a line for each.
 * @returns {Promise<{passed: number, failed: number}>}
 */
export async function runGates(names = Object.keys(GATES)) {
  const waiting = [...names];
  const count = { passed: 0, failed: 0 };
  const work = async () => {
    for (let name = waiting.shift(); name; name = waiting.shift()) {
      count[(await runGate(name)) ? 'passed' : 'failed'] += 1;
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  return count;
}

async function runGate(name) {
  const start = performance.now();
  const { ok, output } = await GATES[name]();
  const seconds = ((performance.now() - start) / 1_000).toFixed(1);
  console.log(`${ok ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)${ok ? '' : `\n${output}\n`}`);
  return ok;
}
