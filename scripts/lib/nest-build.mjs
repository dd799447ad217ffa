import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runQuietly } from './command.mjs';
import { ROOT } from './root.mjs';
import { unlessDone } from './stamp.mjs';
import { tool } from './tool.mjs';

const FOLDER = 'dist/.nest';

/** Builds every project of nest-cli.json with `nest build`, beside the build that the tests run from. */
export function nestBuild() {
  return unlessDone(join(ROOT, FOLDER, 'sources'), () => {
    const config = JSON.parse(readFileSync(join(ROOT, 'nest-cli.json'), 'utf8'));
    const projects = Object.entries(config.projects).map(([name, project]) => [
      name,
      redirected(name, project),
    ]);
    const copy = { ...config, projects: Object.fromEntries(projects) };
    write('nest-cli.json', copy);
    return runQuietly(tool('nest', 'build', '--all', '--config', join(FOLDER, 'nest-cli.json')));
  });
}

function redirected(name, project) {
  write(`${name}.json`, {
    extends: join('../..', project.compilerOptions.tsConfigPath),
    compilerOptions: { outDir: `./out/${name}` },
  });
  return {
    ...project,
    compilerOptions: { ...project.compilerOptions, tsConfigPath: join(FOLDER, `${name}.json`) },
  };
}

function write(name, value) {
  mkdirSync(join(ROOT, FOLDER), { recursive: true });
  writeFileSync(join(ROOT, FOLDER, name), JSON.stringify(value, null, 2));
}
