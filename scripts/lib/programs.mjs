import { join } from 'node:path';
import { ROOT } from './root.mjs';

const natsServer = () => (process.env.UPGATE_NATS ? [] : ['nats-server']);
const none = () => [];

/**
 * What can be run: its main module, the commands of the system it needs, and whether it runs from the build.
 * @type {Record<string, {main: string, commands: () => string[], built: boolean}>}
 */
export const PROGRAMS = {
  standalone: { main: fromDist('apps/standalone/src/main.js'), commands: natsServer, built: true },
  'edge-agent': { main: fromDist('apps/edge-agent/src/main.js'), commands: none, built: true },
  command: { main: fromDist('apps/command/src/main.js'), commands: none, built: true },
  projection: { main: fromDist('apps/projection/src/main.js'), commands: none, built: true },
  rebuild: { main: fromDist('apps/projection/src/rebuild.js'), commands: none, built: true },
  log: { main: fromDist('apps/log/src/main.js'), commands: none, built: true },
  demo: { main: fromDist('examples/demo/src/main.js'), commands: none, built: true },
  bench: { main: fromDist('bench/main.js'), commands: () => ['nats-server', 'etcd'], built: true },
  chaos: { main: fromDist('test/chaos/main.js'), commands: () => ['nats-server'], built: true },
  test: {
    main: join(ROOT, 'scripts/test.mjs'),
    commands: () => ['nats-server', 'chromium', 'haproxy', 'openssl', 'promtool'],
    built: false,
  },
};

function fromDist(path) {
  return join(ROOT, 'dist', path);
}
