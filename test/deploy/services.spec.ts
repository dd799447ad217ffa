import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ClassConstructor } from 'class-transformer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseServers } from '#edge-feed';
import { parseConfig } from '#platform';
import { CommandConfig } from '../../apps/command/src/config.js';
import { EdgeAgentConfig } from '../../apps/edge-agent/src/config.js';
import { ProjectionConfig } from '../../apps/projection/src/config.js';
import { environmentOf } from '../../libs/platform/src/config.js';
import { COMPOSE, ROOT, running, secretsOf, SERVICES, type Service } from './compose.js';
import { SETTINGS } from './dockerfile.js';
import { Secrets } from './secrets.js';

const HAPROXY = readFileSync(join(ROOT, 'deploy/haproxy/haproxy.cfg'), 'utf8');

const CONFIGS: Record<string, ClassConstructor<object>> = {
  command: CommandConfig,
  projection: ProjectionConfig,
  'edge-agent': EdgeAgentConfig,
};

let secrets: Secrets;
beforeAll(() => {
  secrets = new Secrets();
});
afterAll(() => secrets.remove());

const certificateOf = (secret: string) => new X509Certificate(secrets.text(secret));

describe('the services of docker-compose.yml', () => {
  /** The environment of a container, with the files of its secrets where the scripts put them. */
  function environment(service: Service): Record<string, string> {
    const found = secretsOf(service);
    const entries = Object.entries({ ...SETTINGS, ...service.environment });
    return Object.fromEntries(
      entries.map(([name, value]) => [
        name,
        found.has(value) ? secrets.path(COMPOSE.secrets[found.get(value)!]!.file) : value,
      ]),
    );
  }

  const programs = Object.keys(CONFIGS).flatMap((program) =>
    running(program).map(([name, service]) => ({ name, program, service })),
  );

  it.each(programs)('$name is told only what its program knows, and accepts', ({ program, service }) => {
    const known = [...environmentOf(CONFIGS[program]!).values()].flatMap((name) => [name, `${name}_FILE`]);
    const told = Object.keys(service.environment ?? {}).filter((name) => name.startsWith('UPGATE_'));
    expect(told.filter((name) => !known.includes(name))).toEqual([]);
    expect(() => parseConfig(CONFIGS[program]!, environment(service))).not.toThrow();
  });

  it.each(programs)(
    '$name logs in to NATS by its own name, at servers that there are',
    ({ name, program, service }) => {
      const { UPGATE_NATS_FILE: file } = environment(service);
      const { urls, credentials, secure } = parseServers(readFileSync(file!, 'utf8').trim().split(','));
      expect(credentials?.user).toBe(program === 'edge-agent' ? name : program);
      expect(service.environment?.['UPGATE_NODE'] ?? program).toBe(credentials?.user);
      expect(urls).toEqual(['nats-1', 'nats-2', 'nats-3'].map((server) => `tls://${server}:4222`));
      expect(secure).toBe(true);
      expect(secrets.text('nats-passwords.conf')).toContain(`: "${credentials?.pass}"`);
    },
  );

  it('find the log by the names, the port and the password of its nodes', () => {
    const store = secrets.text('store');
    const nodes = SERVICES.filter(([name]) => name.startsWith('kurrentdb-')).map(([name]) => `${name}:2113`);
    expect(store).toContain(`@${nodes.join(',')}?`);
    const { password, searchParams } = new URL(store.replace(/,[^?]*/, ''));
    expect(searchParams.get('tls')).toBe('true');
    for (const [, service] of [...running('command'), ...running('projection')])
      expect(secretsOf(service).get(searchParams.get('tlsCaFile')!)).toBe('ca.crt');
    const env = readFileSync(secrets.path('kurrentdb.env'), 'utf8');
    expect(env).toContain(`KURRENTDB_DEFAULT_ADMIN_PASSWORD=${password}\n`);
  });

  it('bear the names of their certificates, which their keys fit and the authority has signed', () => {
    const authority = certificateOf('ca.crt');
    const bearers = SERVICES.filter(([, service]) => secretsOf(service).has('/run/secrets/node.crt'));
    expect(bearers.map(([name]) => name.replace(/\d$/, ''))).toEqual([
      ...Array.from({ length: 3 }, () => 'nats-'),
      ...Array.from({ length: 3 }, () => 'kurrentdb-'),
    ]);
    for (const [name, service] of bearers) {
      const mounted = secretsOf(service);
      const certificate = certificateOf(mounted.get('/run/secrets/node.crt')!);
      expect(certificate.checkHost(name)).toBe(name);
      expect(certificate.verify(authority.publicKey)).toBe(true);
      const key = createPrivateKey(secrets.text(mounted.get('/run/secrets/node.key')!));
      expect(certificate.checkPrivateKey(key)).toBe(true);
      const { NATS_NODE: nats, KURRENTDB_NODE_HOST_ADVERTISE_AS: kurrentdb } = service.environment ?? {};
      expect(nats ?? kurrentdb).toBe(name);
    }
  });

  it('listen where the front and the published ports look for them', () => {
    const portOf = (name: string) => SETTINGS[name]!.split(':')[1]!;
    const servers = [...HAPROXY.matchAll(/^ {2}server (\S+) (\S+):(\d+)/gm)].map(
      ([, , host, port]) => `${host}:${port}`,
    );
    const expected = [...running('command'), ...running('projection')].flatMap(([name]) => [
      `${name}:${portOf('UPGATE_HTTP')}`,
      `${name}:${portOf('UPGATE_GRPC')}`,
    ]);
    expect(servers.toSorted()).toEqual(expected.toSorted());

    const published = SERVICES.flatMap(([name, { ports = [] }]) =>
      ports.map((port) => [name, ...port.split(':')]),
    );
    const binds = [...HAPROXY.matchAll(/^ {2}bind :(\d+)/gm)].map(([, port]) => port);
    expect(published.every(([, host]) => host === '127.0.0.1')).toBe(true);
    expect(new Set(published.map(([, , port]) => port)).size).toBe(published.length);
    for (const [name, , , target] of published)
      if (name === 'front') expect(binds).toContain(target);
      else expect(target).toBe(portOf('UPGATE_EDGE'));
  });
});
