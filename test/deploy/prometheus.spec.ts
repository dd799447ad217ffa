import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { alerts, alertsTried } from './alerts.js';
import { dashboard, dashboardExpressions } from './dashboard.js';
import { promtool } from './promtool.js';
import { composeServices, scrapedTargets } from './scraped.js';

const WIDTH = 24;

describe('the alerts', () => {
  it('are rules that Prometheus takes', async () => {
    expect(await promtool(['check', 'rules', 'alerts.yml'])).toMatchObject({ code: 0 });
    expect(await promtool(['check', 'config', 'prometheus.yml'])).toMatchObject({ code: 0 });
  });

  it('are quiet, and fire, when they should', async () => {
    expect(await promtool(['test', 'rules', 'alerts.test.yml'])).toMatchObject({ code: 0 });
    expect(alertsTried()).toEqual(alerts().map(({ alert }) => alert));
  });

  it.each(alerts())('say what is wrong and what to do: $alert', ({ alert, labels, annotations }) => {
    expect(['critical', 'warning']).toContain(labels['severity']);
    expect(annotations['summary']).toMatch(/\S/);
    expect(annotations['description']).toMatch(/\.$/);
    expect(annotations['runbook_url']).toBe(`docs/operations.md#${anchorOf(alert)}`);
  });
});

describe('the configuration', () => {
  it('has every program of docker-compose.yml scraped', () => {
    const services = composeServices();
    const ofKind = (kind: string, port: number) =>
      services.filter((name) => name.startsWith(`${kind}-`)).map((name) => `${name}:${port}`);
    expect(scrapedTargets()).toEqual({
      'upgate-command': ofKind('command', 8080),
      'upgate-projection': ofKind('projection', 8080),
      'upgate-edge-agent': ofKind('edge', 8090),
    });
  });
});

describe('the dashboard', () => {
  it('asks what Prometheus understands', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'upgate-dashboard-'));
    try {
      const rules = dashboardExpressions().map(({ expr }, number) => ({ record: `panel:${number}`, expr }));
      const file = join(folder, 'rules.yml');
      await writeFile(file, JSON.stringify({ groups: [{ name: 'dashboard', rules }] }));
      expect(await promtool(['check', 'rules', file])).toMatchObject({ code: 0 });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('can be imported: it has an id of its own, and asks which data source to use', () => {
    const { uid, title, schemaVersion, id, templating, panels } = dashboard();
    expect({ uid, title, id }).toEqual({ uid: 'upgate', title: 'Upgate', id: null });
    expect(schemaVersion).toBeGreaterThanOrEqual(36);
    expect(templating.list).toContainEqual(
      expect.objectContaining({ name: 'datasource', type: 'datasource', query: 'prometheus' }),
    );
    const sources = panels.flatMap(({ datasource, targets = [] }) => [
      ...(datasource ? [datasource] : []),
      ...targets.map((target) => target.datasource),
    ]);
    for (const source of sources) expect(source).toEqual({ type: 'prometheus', uid: '${datasource}' });
  });

  it('gives every panel an id, a place of its own, and a word on what it shows', () => {
    const { panels } = dashboard();
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const taken = new Set<string>();
    for (const { gridPos, type, title, description } of panels) {
      expect([title, gridPos.x + gridPos.w <= WIDTH]).toEqual([title, true]);
      if (type !== 'row') expect(description).toMatch(/\.$/);
      for (const cell of cellsOf(gridPos)) {
        expect(taken).not.toContain(cell);
        taken.add(cell);
      }
    }
  });
});

/** `UpgateEdgeBehind` is explained under `edge-behind`. */
function anchorOf(alert: string): string {
  return alert
    .replace(/^Upgate/, '')
    .replace(/(?<!^)([A-Z])/g, '-$1')
    .toLowerCase();
}

function cellsOf({ x, y, w, h }: { x: number; y: number; w: number; h: number }): string[] {
  return Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)},${y + Math.floor(cell / w)}`);
}
