import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import formats from 'ajv-formats';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { COMPOSE, COMPOSE_TEXT, isOurs, ROOT, secretsOf, SERVICES, type Service } from './compose.js';
import { BASES } from './dockerfile.js';
import { Secrets } from './secrets.js';

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');

describe('docker-compose.yml', () => {
  it('is what the Compose specification calls a Compose file', () => {
    const ajv = new Ajv({ strict: false, validateSchema: false, allErrors: true });
    formats.default(ajv);
    const validate = ajv.compile(JSON.parse(read('test/deploy/schema/compose-spec.json')) as object);
    validate(COMPOSE);
    expect(validate.errors).toBeNull();
    expect(validate(parse(COMPOSE_TEXT.replaceAll('healthcheck:', 'healthchek:'), { merge: true }))).toBe(
      false,
    );
  });

  it('names the exact version of every image', () => {
    const images = [...SERVICES.map(([, { image }]) => image), ...BASES];
    expect(images.filter((image) => !/:\d+\.\d+\.\d+(-[\w.-]+)?$/.test(image))).toEqual([]);
    const { version } = JSON.parse(read('package.json')) as { version: string };
    expect(SERVICES.filter(([, service]) => isOurs(service)).map(([, { image }]) => image)).toEqual(
      Array.from({ length: 7 }, () => `upgate:${version}`),
    );
  });

  it('has every part as often as it takes for one to be lost', () => {
    const count = (prefix: string) => SERVICES.filter(([name]) => name.startsWith(prefix)).length;
    expect(['kurrentdb-', 'nats-', 'command-', 'projection-', 'edge-'].map(count)).toEqual([3, 3, 2, 2, 3]);
  });

  it.each(SERVICES)('guards and bounds %s', (_, service) => {
    expect(service).toMatchObject({
      restart: 'unless-stopped',
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
    });
    expect(Object.keys(service.deploy!.resources.limits)).toEqual(['cpus', 'memory', 'pids']);
    expect(service.healthcheck !== undefined || isOurs(service)).toBe(true);
    expect(service.read_only === true || service.image.includes('kurrentdb')).toBe(true);
  });

  it('waits only for what there is, and has a health check', () => {
    for (const [, { depends_on: needs = {} }] of SERVICES)
      for (const [name, { condition }] of Object.entries(needs)) {
        expect(COMPOSE.services).toHaveProperty([name]);
        expect(condition).toBe('service_healthy');
      }
  });

  it('declares every volume, network, secret and configuration that it uses, and no other', () => {
    const used = (each: (service: Service) => string[]) =>
      [...new Set(SERVICES.flatMap(([, service]) => each(service)))].toSorted();
    const declared = (all: object) => Object.keys(all).toSorted();
    expect(used(({ volumes = [] }) => volumes.map((volume) => volume.split(':')[0]!))).toEqual(
      declared(COMPOSE.volumes),
    );
    expect(used(({ networks }) => networks)).toEqual(declared(COMPOSE.networks));
    expect(used((service) => [...secretsOf(service).values()])).toEqual(declared(COMPOSE.secrets));
    expect(used(({ configs = [] }) => configs.map(({ source }) => source))).toEqual(
      declared(COMPOSE.configs),
    );
  });

  it('shares no volume', () => {
    const volumes = SERVICES.flatMap(([, { volumes: own = [] }]) => own);
    expect(new Set(volumes).size).toBe(volumes.length);
  });
});

describe('its files', () => {
  let secrets: Secrets;
  beforeAll(() => {
    secrets = new Secrets();
  });
  afterAll(() => secrets.remove());

  it('are there, or made by the scripts', () => {
    for (const { file } of Object.values(COMPOSE.configs)) expect(existsSync(join(ROOT, file))).toBe(true);
    for (const { file } of Object.values(COMPOSE.secrets)) {
      expect(file).toMatch(/^deploy\/secrets\/[^/]+$/);
      expect(existsSync(secrets.path(file))).toBe(true);
    }
    for (const [, { env_file: file }] of SERVICES)
      if (file) expect(existsSync(secrets.path(file))).toBe(true);
  });

  it('alone hold secrets: the file itself has none, and git does not see them', () => {
    expect(COMPOSE_TEXT).not.toMatch(/:\/\/[^/\s]*@|BEGIN [A-Z ]*KEY/);
    const values = SERVICES.flatMap(([, { environment = {} }]) => Object.entries(environment));
    expect(
      values.filter(
        ([name, value]) => /PASS|TOKEN|SECRET|_KEY/.test(name) && !value.startsWith('/run/secrets/'),
      ),
    ).toEqual([]);
    expect(read('.gitignore').split('\n')).toContain('deploy/secrets/');
    expect(
      read('.dockerignore')
        .split('\n')
        .filter((rule) => rule.startsWith('!deploy')),
    ).toEqual([]);
  });

  it('are never made over', () => {
    const before = secrets.text('store');
    expect(() => secrets.makePasswords()).toThrow(/are in .* already/);
    expect(secrets.text('store')).toBe(before);
  });
});
