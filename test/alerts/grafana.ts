import { readdirSync, readFileSync } from 'node:fs';

const FOLDER = 'dashboards/grafana/dashboards';

export interface GrafanaTarget {
  readonly dashboard: string;
  readonly panel: string;
  readonly kind: string;
  readonly legend: string;
  readonly expr: string;
  readonly type: 'instant' | 'range';
}

export interface Series {
  readonly metric: Readonly<Record<string, string>>;
  /** Of several, the largest. */
  readonly value: number;
  /** Over time: epoch seconds and value. */
  readonly points?: readonly (readonly [number, number])[];
}

export function readDashboards(): readonly any[] {
  return readdirSync(FOLDER)
    .toSorted()
    .map((file) => JSON.parse(readFileSync(`${FOLDER}/${file}`, 'utf8')));
}

export function targetsOf(dashboards: readonly any[]): readonly GrafanaTarget[] {
  return dashboards.flatMap(({ uid, panels }) =>
    panels.flatMap(({ title, type: kind, targets }: any) =>
      targets.map(({ expr, queryType, legendFormat = '' }: any) => ({
        dashboard: uid,
        panel: title,
        kind,
        legend: legendFormat,
        expr,
        type: queryType,
      })),
    ),
  );
}

/** Grafana's variables, filled as the dashboard does for one site and a time range. */
export function filled(expr: string, site: string, days: number): string {
  return expr
    .replaceAll('$__range', `${days}d`)
    .replaceAll('$__auto', '1h')
    .replaceAll('$site', site)
    .replaceAll('$zone', '.*')
    .replaceAll('$address', '.*');
}

/** What an instant query gives. `at`: epoch milliseconds; what was sent in that second counts. */
export async function ask(url: string, tenant: string, query: string, at = Date.now()): Promise<readonly Series[]> {
  const { result } = await get(url, tenant, '/loki/api/v1/query', { query, time: String(Math.ceil(at / 1000) + 1) });
  return (result as { metric: Record<string, string>; value: [number, string] }[]).map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
}

/** The lines of a log query, or the series of a metric query over time, the newest first. */
export async function askRange(
  url: string,
  tenant: string,
  query: string,
  days: number,
): Promise<{ readonly lines: readonly string[]; readonly series: readonly Series[] }> {
  const seconds = Math.floor(Date.now() / 1000);
  const range = { start: String(seconds - days * 86_400), end: String(seconds + 3600), limit: '500', step: '3600' };
  const { resultType, result } = await get(url, tenant, '/loki/api/v1/query_range', { query, ...range });
  if (resultType === 'streams') {
    const entries = (result as { values: [string, string][] }[]).flatMap(({ values }) => values);
    return { lines: entries.toSorted(([a], [b]) => (a < b ? 1 : -1)).map(([, line]) => line), series: [] };
  }
  const series = (result as { metric: Record<string, string>; values: [number, string][] }[]).map(({ metric, values }) => ({
    metric,
    value: Math.max(...values.map(([, value]) => Number(value))),
    points: values.map(([time, value]) => [time, Number(value)] as const),
  }));
  return { lines: [], series };
}

async function get(url: string, tenant: string, path: string, parameters: Readonly<Record<string, string>>): Promise<any> {
  const answer = await fetch(`${url}${path}?${new URLSearchParams(parameters).toString()}`, {
    headers: { 'X-Scope-OrgID': tenant, 'connection': 'close' },
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${answer.status}: ${text}\n${parameters['query'] ?? ''}`);
  return JSON.parse(text).data;
}
