import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { PROMETHEUS } from './promtool.js';

interface Scrape {
  job_name: string;
  static_configs: { targets: string[] }[];
}

/** Whom prometheus.yml has scraped, by job. */
export function scrapedTargets(): Record<string, string[]> {
  const { scrape_configs } = read('prometheus.yml') as { scrape_configs: Scrape[] };
  return Object.fromEntries(
    scrape_configs.map(({ job_name, static_configs }) => [
      job_name,
      static_configs.flatMap(({ targets }) => targets),
    ]),
  );
}

/** The names of all services of docker-compose.yml. */
export function composeServices(): string[] {
  const { services } = read('../../docker-compose.yml') as { services: object };
  return Object.keys(services);
}

function read(file: string): unknown {
  return parse(readFileSync(join(PROMETHEUS, file), 'utf8'), { merge: true });
}
