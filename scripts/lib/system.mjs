import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { runQuietly } from './command.mjs';
import { Trouble } from './trouble.mjs';

/** The commands of the system that Upgate may need: the names each goes by, and the packages that bring it. */
const COMMANDS = {
  'nats-server': { names: ['nats-server'], apt: 'nats-server', brew: 'nats-server', service: 'nats-server' },
  chromium: {
    names: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'],
    apt: 'chromium',
    brew: '--cask chromium',
  },
  haproxy: { names: ['haproxy'], apt: 'haproxy', brew: 'haproxy', service: 'haproxy' },
  promtool: { names: ['promtool'], apt: 'prometheus', brew: 'prometheus', service: 'prometheus' },
  etcd: { names: ['etcd'], apt: 'etcd-server', brew: 'etcd', service: 'etcd' },
  openssl: { names: ['openssl'], apt: 'openssl', brew: 'openssl' },
};

/** Another installation may be under way, such as a system's own upgrades. */
const LOCK_SECONDS = 120;

const SYSTEM_FOLDERS = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/opt/homebrew/bin'];

/** Where programs look for commands: PATH, and the folders that a user's PATH often lacks. */
export function searchPath(env = process.env) {
  return [...new Set([...(env.PATH ?? '').split(delimiter), ...SYSTEM_FOLDERS])].join(delimiter);
}

/** Installs those of `commands` that this machine lacks, through apt-get as root or by sudo. */
export async function installCommands(commands) {
  const missing = commands.map((command) => COMMANDS[command]).filter(({ names }) => !names.some(isOnPath));
  if (missing.length === 0) return;
  const packages = missing.map(({ apt }) => apt);
  const root = await rootPrefix();
  if (!root) throw new Trouble(`${packages.join(', ')} is missing. Install it with:\n${byHand(missing)}`);
  console.error(`Installing ${packages.join(', ')}…`);
  const { ok, output } = await aptInstall(root, packages);
  if (!ok) throw new Trouble(`${output}\nThis did not install. To try by hand:\n${byHand(missing)}`);
  await stopNewServices(root, missing);
}

async function aptInstall(root, packages) {
  const apt = [
    ...root,
    'env',
    'DEBIAN_FRONTEND=noninteractive',
    'apt-get',
    '-q',
    '-o',
    `DPkg::Lock::Timeout=${LOCK_SECONDS}`,
  ];
  const install = [...apt, 'install', '--yes', '--no-install-recommends', ...packages];
  const first = await runQuietly(install);
  if (first.ok) return first;
  const update = await runQuietly([...apt, 'update']);
  return update.ok ? runQuietly(install) : update;
}

/** Debian starts a server when it installs one; Upgate starts its own, on the same port. */
async function stopNewServices(root, missing) {
  if (!existsSync('/run/systemd/system')) return;
  for (const { service } of missing) {
    if (service) await runQuietly([...root, 'systemctl', 'disable', '--now', service]);
  }
}

/** What to put before a command to run it as root; undefined if this user cannot, or the system has no apt-get. */
async function rootPrefix() {
  if (process.platform !== 'linux' || !isOnPath('apt-get')) return undefined;
  if (process.getuid() === 0) return [];
  const sudo = isOnPath('sudo') && (await runQuietly(['sudo', '-n', 'true'])).ok;
  return sudo ? ['sudo', '-n'] : undefined;
}

function byHand(missing) {
  if (process.platform === 'darwin') return missing.map(({ brew }) => `  brew install ${brew}`).join('\n');
  const sudo = process.getuid() === 0 ? '' : 'sudo ';
  return `  ${sudo}apt-get install ${missing.map(({ apt }) => apt).join(' ')}`;
}

function isOnPath(name) {
  return searchPath()
    .split(delimiter)
    .some((folder) => isExecutable(join(folder, name)));
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
