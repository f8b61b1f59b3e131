import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const file = (path: string) =>
  readFile(fileURLToPath(new URL(`../../deploy/${path}`, import.meta.url)), 'utf8');

export interface Alert {
  readonly name: string;
  readonly expr: string;
  readonly runbook: string;
}

/** The rules of deploy/prometheus/alerts.yml, by what stands between their keys. */
export async function readAlerts(): Promise<readonly Alert[]> {
  const [, ...rules] = (await file('prometheus/alerts.yml')).split(/^\s*- alert: /m);
  return rules.map((rule) => ({
    name: /^\w+/.exec(rule)![0],
    expr: /expr: (?:\|\s*)?(.*?)\n\s*(?:for|labels):/s.exec(rule)![1]!,
    runbook: /runbook_url: (\S+)/.exec(rule)![1]!,
  }));
}

export const readAlertTests = () => file('prometheus/alerts.test.yml');

interface Panel {
  readonly title: string;
  readonly targets?: readonly { readonly expr: string }[];
}

export async function readDashboard(): Promise<readonly { readonly name: string; readonly expr: string }[]> {
  const { panels } = JSON.parse(await file('grafana/dashboards/veza.json')) as { panels: readonly Panel[] };
  return panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ name: title, expr })));
}

export interface Selector {
  readonly metric: string;
  readonly labels: readonly string[];
  /** Those that must have this very value. */
  readonly equal: Readonly<Record<string, string>>;
}

/** Set by Prometheus, not by us; `le` only on buckets. */
const THEIRS = new Set(['job', 'instance', 'le']);

/** The metrics that a query names, with the labels that it asks of them or groups them by. */
export function selectorsOf(expr: string): readonly Selector[] {
  const grouped = [...expr.matchAll(/by \(([^)]*)\)/g)].flatMap(([, names]) => names!.split(/,\s*/));
  return [...expr.matchAll(/\b((?:veza|temporal|nodejs)_\w+)(?:\{([^}]*)\})?/g)].map(
    ([, metric, inner = '']) => {
      const matchers = [...inner.matchAll(/(\w+)(=~|!=|!~|=)"([^"]*)"/g)];
      const labels = [...matchers.map(([, label]) => label!), ...grouped];
      return {
        metric: metric!,
        labels: labels.filter((label) => !THEIRS.has(label)),
        equal: Object.fromEntries(
          matchers.filter(([, , sign]) => sign === '=').map(([, label, , value]) => [label, value]),
        ) as Selector['equal'],
      };
    },
  );
}
