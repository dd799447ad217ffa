import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const COMMANDS = ['nats-server', 'etcd'];
const PACKAGES = ['fastify', '@grpc/grpc-js', '@nats-io/transport-node', '@nats-io/kv', 'etcd3'];
const ROOT = join(import.meta.dirname, '../..').replace(/\/dist$/, '');

/** Of Node and of all that Upgate is compared with, by name. */
export async function versionsInUse(): Promise<Record<string, string>> {
  const commands = COMMANDS.map(async (name) => [name, await versionOfCommand(name)] as const);
  const packages = PACKAGES.map(async (name) => [name, await versionOfPackage(name)] as const);
  return { node: process.version, ...Object.fromEntries(await Promise.all([...commands, ...packages])) };
}

async function versionOfCommand(name: string): Promise<string> {
  const { stdout, stderr } = await run(name, ['--version']);
  return /\d+\.\d+\.\d+/.exec(stdout + stderr)?.[0] ?? 'unknown';
}

async function versionOfPackage(name: string): Promise<string> {
  const file = join(ROOT, 'node_modules', name, 'package.json');
  const { version } = JSON.parse(await readFile(file, 'utf8')) as { version: string };
  return version;
}
