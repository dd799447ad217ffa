import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { delimiter, dirname } from 'node:path';
import { ROOT } from './root.mjs';
import { searchPath } from './system.mjs';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];
/** One Ctrl-C may arrive twice, from the terminal and from npm; one pressed after this long is another. */
const SAME_SIGNAL_MS = 1_000;
const PARENT_CHECK_MS = 500;

/**
 * Runs a program in a process group of its own, so that a signal reaches it once and from here only, and stays until
 * it has ended. The IPC channel tells the program when this process is gone.
 * @returns {Promise<number>} its exit code
 */
export function runProgram(node, args) {
  const child = spawn(node, ['--enable-source-maps', ...args], {
    cwd: ROOT,
    env: { ...process.env, PATH: `${dirname(node)}${delimiter}${searchPath()}` },
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    detached: true,
  });
  const stop = stopper(child);
  for (const signal of SIGNALS) process.on(signal, stop);
  const watch = watchNpm(() => stop('SIGTERM'));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      clearInterval(watch);
      resolve(code ?? 128 + constants.signals[signal]);
    });
  });
}

/** Passes the first signal on; asked again a while later, ends the program at once. */
function stopper(child) {
  let asked;
  return (signal) => {
    const now = Date.now();
    if (asked === undefined) child.kill(signal);
    else if (now - asked > SAME_SIGNAL_MS) child.kill('SIGKILL');
    asked ??= now;
  };
}

/** Calls back when the npm that started this process is gone: killed outright, it takes nobody along. */
function watchNpm(onGone) {
  if (!process.env.npm_lifecycle_event) return undefined;
  const npm = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === npm) return;
    clearInterval(watch);
    onGone();
  }, PARENT_CHECK_MS);
  return watch;
}
