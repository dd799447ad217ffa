import { spawn } from 'node:child_process';
import { ROOT } from './root.mjs';

/**
 * Runs a command in the checkout without a terminal, and keeps what it prints.
 * @param {string[]} command the program and its arguments
 * @param {{env?: NodeJS.ProcessEnv}} [options]
 * @returns {Promise<{ok: boolean, output: string}>} a program that cannot be started is not ok either
 */
export function runQuietly([program, ...args], { env = process.env } = {}) {
  const child = spawn(program, args, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const chunks = [];
  child.stdout.on('data', (chunk) => chunks.push(chunk));
  child.stderr.on('data', (chunk) => chunks.push(chunk));
  const output = () => Buffer.concat(chunks).toString().trim();
  return new Promise((resolve) => {
    child.on('error', (error) => resolve({ ok: false, output: `${output()}\n${error.message}`.trim() }));
    child.on('close', (code) => resolve({ ok: code === 0, output: output() }));
  });
}
