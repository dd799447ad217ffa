import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { PROMETHEUS } from './promtool.js';

/** Whom prometheus.yml has scraped, by job. */
export function targets(): Record<string, string[]> {
  const { scrape_configs } = read<{
    scrape_configs: { job_name: string; static_configs: { targets: string[] }[] }[];
  }>('prometheus.yml');
  return Object.fromEntries(
    scrape_configs.map(({ job_name, static_configs }) => [
      job_name,
      static_configs.flatMap((config) => config.targets),
    ]),
  );
}

/** The names of all services of docker-compose.yml. */
export function composeServices(): string[] {
  return Object.keys(read<{ services: object }>('../../docker-compose.yml').services);
}

function read<T>(file: string): T {
  return parse(readFileSync(join(PROMETHEUS, file), 'utf8'), { merge: true }) as T;
}
