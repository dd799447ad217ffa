import { createLogger, parseConfig, refuseArguments, stopWithParent } from '#platform';
import { RebuildConfig } from './config.js';
import { rebuildReadModel } from './rebuild-read-model.js';

refuseArguments();
stopWithParent();
const print = (line: string) => void process.stdout.write(`${line}\n`);
try {
  const config = parseConfig(RebuildConfig, process.env);
  const agree = await rebuildReadModel(config, createLogger('rebuild', config.log), print);
  if (!agree) process.exitCode = 1;
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
