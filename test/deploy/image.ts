import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, copyFile, cp, mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { SETTINGS } from './dockerfile.js';

const ROOT = join(import.meta.dirname, '../..');
const NOBODY = 65_534;

const run = promisify(execFile);

/** A program of the image that runs. */
export interface Running {
  readonly child: ChildProcess;
  /** Resolves with the exit code. */
  readonly ended: Promise<number | null>;
  said(): string;
}

/**
 * What docker/Dockerfile makes, in a folder: made by the steps of its RUN instructions from the files that
 * .dockerignore lets through. Nobody may write into it, and its programs run as a user who is not root.
 */
export class Image {
  readonly #user = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};

  private constructor(private readonly folder: string) {}

  static async build(): Promise<Image> {
    const folder = await mkdtemp(join(tmpdir(), 'upgate-image-'));
    await chmod(folder, 0o755);
    const image = new Image(folder);
    const [app, source] = [join(folder, 'app'), join(folder, 'source')];
    await copyContext(source);
    await mkdir(app);
    for (const file of ['package.json', 'package-lock.json', '.npmrc', 'bench/peers/package.json'])
      await cp(join(source, file), join(app, file), { recursive: true });
    await image.#step(source, 'docker/install.sh', app);
    await image.#step(source, 'docker/compile.sh', app);
    await mkdir(join(folder, 'bin'));
    await copyFile(process.execPath, join(folder, 'bin/node'));
    await run('chmod', ['-R', 'a-w,a+rX', folder]);
    await chmod(folder, 0o755);
    return image;
  }

  /** A folder that the programs may write to. */
  async volume(name: string): Promise<string> {
    const path = join(this.folder, name);
    await mkdir(path);
    if (this.#user.uid !== undefined) await chown(path, this.#user.uid, this.#user.gid);
    return path;
  }

  start(command: readonly string[], env: Record<string, string>): Running {
    const child = spawn(join(this.folder, 'app/docker/upgate'), command, this.#options(env));
    let text = '';
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk: Buffer) => (text += chunk.toString()));
    const ended = once(child, 'close').then(([code]) => code as number | null);
    return { child, ended, said: () => text };
  }

  /** The exit code of the image's health check. */
  async health(env: Record<string, string>): Promise<number | null> {
    const script = join(this.folder, 'app/docker/healthcheck.mjs');
    const [code] = (await once(spawn('node', [script], this.#options(env)), 'exit')) as [number | null];
    return code;
  }

  async remove(): Promise<void> {
    await run('chmod', ['-R', 'u+w', this.folder]);
    await rm(this.folder, { recursive: true });
  }

  #options(env: Record<string, string>) {
    const path = [join(this.folder, 'bin'), '/usr/bin', '/bin'].join(delimiter);
    return {
      ...this.#user,
      cwd: join(this.folder, 'app'),
      env: { ...SETTINGS, PATH: path, ...env },
      stdio: ['ignore', 'pipe', 'pipe'] as ('ignore' | 'pipe')[],
    };
  }

  async #step(source: string, script: string, app: string): Promise<void> {
    const path = `${dirname(process.execPath)}${delimiter}${process.env['PATH']}`;
    const env = { ...process.env, PATH: path, npm_config_prefer_offline: 'true' };
    await run(join(source, script), [app], { cwd: source, env });
  }
}

/** The packages of the build are those of the checkout: `npm ci` put them there, too. */
async function copyContext(source: string): Promise<void> {
  const rules = (await readFile(join(ROOT, '.dockerignore'), 'utf8')).split('\n');
  const filter = (path: string) => !path.endsWith('.spec.ts');
  for (const path of rules.filter((rule) => rule.startsWith('!')).map((rule) => rule.slice(1)))
    await cp(join(ROOT, path), join(source, path), { recursive: true, filter });
  await symlink(join(ROOT, 'node_modules'), join(source, 'node_modules'));
}
