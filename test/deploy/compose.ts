import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

export const ROOT = join(import.meta.dirname, '../..');

/** A secret or configuration file as a service gets it. */
interface Mounted {
  source: string;
  /** An absolute path, or a name below /run/secrets. */
  target: string;
}

/** Of one service, what its description says with every alias and merge resolved. */
export interface Service {
  image: string;
  command?: string[];
  environment?: Record<string, string>;
  env_file?: string;
  read_only?: boolean;
  restart?: string;
  cap_drop?: string[];
  security_opt?: string[];
  healthcheck?: { test: string[] };
  depends_on?: Record<string, { condition: string }>;
  networks: string[];
  ports?: string[];
  volumes?: string[];
  tmpfs?: string[];
  secrets?: (string | Mounted)[];
  configs?: Mounted[];
  deploy?: { resources: { limits: { cpus: string; memory: string; pids: number } } };
}

export interface Compose {
  services: Record<string, Service>;
  networks: Record<string, object>;
  volumes: Record<string, object>;
  configs: Record<string, { file: string }>;
  secrets: Record<string, { file: string }>;
}

/** docker-compose.yml, as text and as what it means. */
export const COMPOSE_TEXT = readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8');
export const COMPOSE = parse(COMPOSE_TEXT, { merge: true }) as Compose;

export const SERVICES = Object.entries(COMPOSE.services);

/** The services of one program of ours. */
export function running(program: string): [string, Service][] {
  return SERVICES.filter(([, { command }]) => command?.length === 1 && command[0] === program);
}

export function isOurs({ image }: Service): boolean {
  return image.startsWith('upgate:');
}

/** Where a service finds its secrets: the source of each by its path in the container. */
export function secretsOf({ secrets = [] }: Service): Map<string, string> {
  return new Map(
    secrets.map((secret) => {
      const { source, target } = typeof secret === 'string' ? { source: secret, target: secret } : secret;
      return [target.startsWith('/') ? target : `/run/secrets/${target}`, source];
    }),
  );
}
