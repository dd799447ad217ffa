import { stopWithParent } from '#platform';
import { parseArguments, USAGE } from './arguments.js';
import { configure } from './config.js';
import { perform } from './tasks.js';

stopWithParent();
const say = (line: string) => void process.stderr.write(`${line}\n`);
try {
  const task = parseArguments(process.argv.slice(2));
  if (!task) throw new Error(USAGE);
  if (task.task === 'help') process.stdout.write(`${USAGE}\n`);
  else await perform(task, configure(task.options, process.env), { out: process.stdout, say });
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
