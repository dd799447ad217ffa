// Everything a fresh machine needs, then one of the programs. Runs on any Node from 20 on, before anything is installed.
import { setUp, Trouble } from './lib/set-up.mjs';
import { PROGRAMS } from './lib/programs.mjs';
import { runProgram } from './lib/run-program.mjs';

const [what, ...args] = process.argv.slice(2);

try {
  const program = PROGRAMS[what];
  if (!program) throw new Trouble(`Usage: node scripts/run.mjs <${Object.keys(PROGRAMS).join(' | ')}>`);
  const node = await setUp(program);
  process.exitCode = await runProgram(node, [program.main, ...args]);
} catch (error) {
  if (!(error instanceof Trouble)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
