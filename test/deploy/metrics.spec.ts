import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EdgeAgent } from '../support/edge-agent.js';
import { eventually } from '../support/condition.js';
import { parseExposition, scrape, type ScrapedMetric } from '../support/exposition.js';
import { metricsIn } from '../support/promql.js';
import { SplitSystem } from '../support/split.js';
import { Upgate } from '../support/upgate.js';
import { alerts } from './alerts.js';
import { dashboardExpressions } from './dashboard.js';
import { promtool } from './promtool.js';

/** Prometheus makes them itself. */
const OF_PROMETHEUS = ['up', 'ALERTS'];
const PROGRAMS = ['Command', 'Projection', 'Edge agent'] as const;

let system: SplitSystem;
let agent: EdgeAgent;
let scraped: Record<(typeof PROGRAMS)[number], ScrapedMetric[]>;

beforeAll(async () => {
  system = await SplitSystem.start(1);
  agent = await system.addAgent('edge-1');
  const resource = { id: 'chat', cname: 'chat.test', origin: 'http://127.0.0.1:9000', integration: 'full' };
  await system.send('POST', '/v1/resources', resource);
  await agent.ready();
  await system.allSame(1);
  await system.switch('chat', false);
  scraped = {
    Command: await scrape(`http://${system.command.http}`),
    Projection: await scrape(`http://${system.projections[0]!.http}`),
    'Edge agent': await scrape(agent.health),
  };
});
afterAll(() => system?.stop());

function allNames(): Set<string> {
  return new Set(PROGRAMS.flatMap((program) => scraped[program]).map(({ name }) => name));
}

/** The rows of the table under a heading of docs/metrics.md. */
function documented(heading: string): ScrapedMetric[] {
  const text = readFileSync(join(import.meta.dirname, '../../docs/metrics.md'), 'utf8');
  const section = text.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? '';
  const rows = section.split('\n').filter((line) => line.startsWith('| `upgate_'));
  return rows.map((row) => {
    const [name = '', type = '', labels = '', help = ''] = row
      .split('|')
      .slice(1)
      .map((cell) => cell.trim());
    return { name: name.replaceAll('`', ''), type, labels: labels.match(/\w+/g) ?? [], help };
  });
}

/** As the table has them: sorted, without what every program has; labels that cannot be seen now as documented. */
function asDocumented(metrics: ScrapedMetric[], table: ScrapedMetric[]): ScrapedMetric[] {
  return metrics
    .filter(({ name }) => name.startsWith('upgate_'))
    .map((metric) => {
      const labels = table.find(({ name }) => name === metric.name)?.labels;
      return { ...metric, labels: metric.labels?.length ? metric.labels : labels };
    })
    .toSorted((one, other) => one.name.localeCompare(other.name));
}

describe('the metrics', () => {
  it.each(PROGRAMS)('of each program are those that docs/metrics.md tells of: %s', (program) => {
    const table = [...documented('Every program'), ...documented(program)];
    const expected = table.toSorted((one, other) => one.name.localeCompare(other.name));
    expect(asDocumented(scraped[program], table)).toEqual(expected);
  });

  it.each(PROGRAMS)(
    'are named as Prometheus wants them, and tell of the process too: %s',
    async (program) => {
      const ours = scraped[program].filter(({ name }) => name.startsWith('upgate_'));
      const lines = ours.map(
        ({ name, type, help }) => `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${name} 1\n`,
      );
      expect(
        await promtool(['check', 'metrics'], lines.filter((line) => !line.includes(' histogram')).join('')),
      ).toMatchObject({ code: 0 });
      const names = scraped[program].map(({ name }) => name);
      expect(names).toEqual(
        expect.arrayContaining(['process_cpu_seconds_total', 'nodejs_eventloop_lag_p99_seconds']),
      );
    },
  );

  it('of the standalone program are those of its parts', async () => {
    const upgate = await Upgate.start();
    try {
      const names = (metrics: ScrapedMetric[]) => metrics.map(({ name }) => name).toSorted();
      const control = new Set(names([...scraped.Command, ...scraped.Projection]));
      expect(names(await scrape(upgate.api))).toEqual([...control]);
      expect(names(await scrape(`http://${upgate.env['UPGATE_AGENT_HTTP']}`))).toEqual(
        names(scraped['Edge agent']),
      );
    } finally {
      await upgate.remove();
    }
  });

  it('tell how long a command took to reach every live node, though nobody waited', async () => {
    const count = 'upgate_projection_convergence_seconds_count';
    const [projection] = system.projections;
    const before = await projection!.metric(count);
    const response = await system.command.fetch('/v1/resources/chat/websockets', { method: 'DELETE' });
    expect(response.status).toBe(200);
    await eventually('the time to be measured', async () => (await projection!.metric(count)) === before + 1);
    expect(await projection!.metric('upgate_projection_unconverged_seconds')).toBe(0);
  });

  it('tell how appends share a commit', async () => {
    const commits = await system.command.metric('upgate_log_group_commit_appends_count');
    expect(commits).toBeGreaterThan(0);
    expect(await system.command.metric('upgate_log_group_commit_appends_sum')).toBeGreaterThanOrEqual(
      commits,
    );
    expect(
      await system.command.metric('upgate_log_append_duration_seconds_count{result="appended"}'),
    ).toBeGreaterThanOrEqual(commits);
  });
});

describe('the deployed expressions', () => {
  it('of the alerts read only metrics that a program has', () => {
    for (const { alert, expr } of alerts())
      expect([
        alert,
        metricsIn(expr).filter((name) => !allNames().has(name) && !OF_PROMETHEUS.includes(name)),
      ]).toEqual([alert, []]);
  });

  it('of the dashboard read only metrics that a program has', () => {
    for (const { title, expr } of dashboardExpressions())
      expect([
        title,
        metricsIn(expr).filter((name) => !allNames().has(name) && !OF_PROMETHEUS.includes(name)),
      ]).toEqual([title, []]);
  });
});

describe('the reader of expressions', () => {
  it.each([
    ['up{job=~"upgate-.+"} == 0', ['up']],
    ['histogram_quantile(0.99, sum by (instance, le) (rate(a_seconds_bucket[5m]))) > 0.5', ['a_seconds']],
    ['a * on (job, instance) group_left (node) b_info > 0 or vector(0)', ['a', 'b_info']],
    ['sum(rate(a_total{kind="x"}[$__rate_interval])) / sum(rate(b_count[5m]))', ['a_total', 'b']],
  ])('finds the metrics of %s', (expression, expected) => {
    expect(metricsIn(expression)).toEqual(expected);
  });

  it('reads what programs show', () => {
    const text =
      '# HELP a_total Some.\n# TYPE a_total counter\na_total{kind="x",of="y"} 1\n# HELP b None.\n# TYPE b gauge\n';
    expect(parseExposition(text)).toEqual([
      { name: 'a_total', type: 'counter', help: 'Some.', labels: ['kind', 'of'] },
      { name: 'b', type: 'gauge', help: 'None.', labels: undefined },
    ]);
  });
});
