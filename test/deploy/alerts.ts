import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { PROMETHEUS } from './promtool.js';

export interface Alert {
  alert: string;
  expr: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
}

/** Those of deploy/prometheus/alerts.yml. */
export function alerts(): Alert[] {
  const { groups } = parse(readFileSync(join(PROMETHEUS, 'alerts.yml'), 'utf8')) as {
    groups: { rules: Alert[] }[];
  };
  return groups.flatMap(({ rules }) => rules);
}

/** The alerts that alerts.test.yml has firing at some time. */
export function alertsTried(): string[] {
  const { tests } = parse(readFileSync(join(PROMETHEUS, 'alerts.test.yml'), 'utf8')) as {
    tests: { alert_rule_test: { alertname: string; exp_alerts?: object[] }[] }[];
  };
  const tried = tests.flatMap(({ alert_rule_test }) => alert_rule_test);
  return tried.filter(({ exp_alerts }) => exp_alerts?.length).map(({ alertname }) => alertname);
}
