import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { eventually } from '../support/condition.js';
import { freePorts } from '../support/ports.js';
import { PROMETHEUS } from './promtool.js';

export interface Rule {
  name: string;
  health: string;
  lastError?: string;
  state: 'inactive' | 'pending' | 'firing';
}

interface Config {
  global: object;
  scrape_configs: { job_name: string }[];
}

/** A real Prometheus with our configuration, but for where the programs are and how often it asks them. */
export class PrometheusServer {
  private constructor(
    private readonly child: ChildProcess,
    private readonly folder: string,
    private readonly url: string,
  ) {}

  /** `targets`: the addresses of each job. */
  static async start(targets: Record<string, string[]>): Promise<PrometheusServer> {
    const folder = await mkdtemp(join(tmpdir(), 'upgate-prometheus-'));
    await cp(join(PROMETHEUS, 'alerts.yml'), join(folder, 'alerts.yml'));
    await writeFile(join(folder, 'prometheus.yml'), await configFor(targets));
    const [port] = await freePorts(1);
    const child = spawn(
      'prometheus',
      [
        `--config.file=${join(folder, 'prometheus.yml')}`,
        `--storage.tsdb.path=${join(folder, 'data')}`,
        `--web.listen-address=127.0.0.1:${port}`,
      ],
      { stdio: 'ignore' },
    );
    const server = new PrometheusServer(child, folder, `http://127.0.0.1:${port}`);
    await eventually('Prometheus to be ready', async () => (await fetch(`${server.url}/-/ready`)).ok);
    return server;
  }

  /** The values that an expression has now. Throws if it cannot be evaluated. */
  async query(expression: string): Promise<number[]> {
    const { result } = await this.#get<{ result: { value: [number, string] }[] }>(
      `/api/v1/query?query=${encodeURIComponent(expression)}`,
    );
    return result.map(({ value }) => Number(value[1]));
  }

  async rules(): Promise<Rule[]> {
    const { groups } = await this.#get<{ groups: { rules: Rule[] }[] }>('/api/v1/rules');
    return groups.flatMap(({ rules }) => rules);
  }

  async stop(): Promise<void> {
    const exited = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exited;
    await rm(this.folder, { recursive: true });
  }

  async #get<Data>(path: string): Promise<Data> {
    const response = await fetch(`${this.url}${path}`);
    if (!response.ok) throw new Error(`${path} gives ${response.status} ${await response.text()}`);
    const { data } = (await response.json()) as { data: Data };
    return data;
  }
}

async function configFor(targets: Record<string, string[]>): Promise<string> {
  const config = parse(await readFile(join(PROMETHEUS, 'prometheus.yml'), 'utf8')) as Config;
  const often = { scrape_interval: '500ms', evaluation_interval: '500ms' };
  const jobs = config.scrape_configs.map((job) => ({
    ...job,
    static_configs: [{ targets: targets[job.job_name] }],
  }));
  return stringify({ ...config, global: { ...config.global, ...often }, scrape_configs: jobs });
}
