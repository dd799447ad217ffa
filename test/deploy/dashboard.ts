import { readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Datasource {
  type: string;
  uid: string;
}

interface Panel {
  id: number;
  type: string;
  title: string;
  description?: string;
  datasource?: Datasource;
  gridPos: { x: number; y: number; w: number; h: number };
  targets?: { expr: string; datasource: Datasource; refId: string }[];
}

export interface Dashboard {
  uid: string;
  title: string;
  schemaVersion: number;
  id: null;
  templating: { list: { name: string; type: string; query: string }[] };
  panels: Panel[];
}

/** That of deploy/grafana. */
export function dashboard(): Dashboard {
  const file = join(import.meta.dirname, '../../deploy/grafana/upgate.json');
  return JSON.parse(readFileSync(file, 'utf8')) as Dashboard;
}

/** What it asks of Prometheus, with the interval that Grafana would put in. */
export function dashboardExpressions(): { title: string; expr: string }[] {
  return dashboard().panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }) => ({ title, expr: expr.replaceAll('$__rate_interval', '5m') })),
  );
}
