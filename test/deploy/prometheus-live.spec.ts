import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from '../support/condition.js';
import { SplitSystem } from '../support/split.js';
import { alerts } from './alerts.js';
import { dashboardExpressions } from './dashboard.js';
import { PrometheusServer } from './prometheus-server.js';

let system: SplitSystem;
let prometheus: PrometheusServer;

beforeAll(async () => {
  system = await SplitSystem.start(2);
  const agents = await Promise.all(['edge-1', 'edge-2'].map((node) => system.addAgent(node)));
  const resource = { id: 'chat', cname: 'chat.test', origin: 'http://127.0.0.1:9000', integration: 'full' };
  await system.send('POST', '/v1/resources', resource);
  await Promise.all(agents.map((agent) => agent.ready()));
  await system.allSame(agents.length);
  await system.allSame(agents.length, system.projections[1]);
  prometheus = await PrometheusServer.start({
    'upgate-command': [system.command.http],
    'upgate-projection': system.projections.map(({ http }) => http),
    'upgate-edge-agent': agents.map(({ health }) => new URL(health).host),
  });
  await eventually('every program to be scraped twice', async () => {
    const [scraped] = await prometheus.query('sum(up) == 5 and min(count_over_time(up[1m])) >= 2');
    return scraped === 5;
  });
});
afterAll(async () => {
  await prometheus?.stop();
  await system?.stop();
});

it('evaluates every alert, and finds nothing wrong with a system that is well', async () => {
  const rules = await eventually('every rule to be evaluated', async () => {
    const found = await prometheus.rules();
    return found.every(({ health }) => health !== 'unknown') && found;
  });
  const names = rules.map(({ name }) => name);
  expect(new Set(names)).toEqual(new Set(alerts().map(({ alert }) => alert)));
  expect(rules.filter(({ health }) => health !== 'ok')).toEqual([]);
  expect(rules.filter(({ state }) => state !== 'inactive')).toEqual([]);
});

it.each(dashboardExpressions())('answers what a panel asks: $title: $expr', async ({ expr }) => {
  await expect(prometheus.query(expr)).resolves.toBeInstanceOf(Array);
});

it('shows on the first line of the dashboard that all is well', async () => {
  const valueOf = async (panel: string) => {
    const found = dashboardExpressions().find(({ title }) => title === panel);
    return found && (await prometheus.query(found.expr));
  };
  expect(await valueOf('Live edges')).toEqual([2]);
  expect(await valueOf('Current')).toEqual([1]);
  expect(await valueOf('Oldest change under way')).toEqual([0]);
  expect(await valueOf('Stale')).toEqual([0]);
  expect(await valueOf('Not ready')).toEqual([0]);
  expect(await valueOf('Alerts')).toEqual([0]);
});
