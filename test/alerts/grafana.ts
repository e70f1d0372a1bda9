import { readdirSync, readFileSync } from 'node:fs';
import { dated } from './dated.ts';
import { type Cells, tableRows } from './grafana-table.ts';
import { type Entry, instant, logRows, overRange } from './little-loki.ts';

const FOLDER = 'dashboards/grafana/dashboards';

type Labels = Readonly<Record<string, string>>;

/** Who answers queries. */
export interface Asked {
  /** What an instant query gives now. */
  instant(query: string): Promise<readonly Series[]>;
  /** The series of a metric query over so many days. */
  series(query: string, days: number): Promise<readonly Series[]>;
  /** The labels of the entries of a log query, the newest first. */
  rows(query: string, days: number): Promise<readonly Labels[]>;
}

/** A real Loki. */
export function askedOf(url: string, tenant: string): Asked {
  return {
    instant: async (query) => ask(url, tenant, query),
    series: async (query, days) => (await askRange(url, tenant, query, days)).series,
    rows: async (query, days) => (await askRange(url, tenant, query, days)).rows,
  };
}

const DAY = 86_400_000;

/** Entries in memory. */
export function askedOfEntries(entries: readonly Entry[]): Asked {
  const now = Date.now() + 1000;
  return {
    instant: async (query) => instant(entries, query, now),
    series: async (query, days) => overRange(entries, query, { from: now - days * DAY, to: now + DAY / 24, step: DAY / 24 }),
    rows: async (query) => logRows(entries, query).map(({ labels }) => labels),
  };
}

/** A panel, as much of it as is asked and shown. */
export interface GrafanaPanel {
  readonly title: string;
  readonly description: string;
  readonly type: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly transformations?: readonly { readonly id: string; readonly options: object }[];
  readonly targets: readonly { readonly expr: string; readonly queryType: string; readonly legendFormat?: string }[];
  readonly fieldConfig: { readonly defaults: { readonly unit?: string } };
}

/** The rows of a table that is made of entries. */
export async function rowsShown(
  { targets, transformations = [] }: GrafanaPanel,
  asked: Asked,
  site: string,
  days: number,
): Promise<readonly Cells[]> {
  const labels = await asked.rows(filled(targets[0]?.expr ?? '', site, days), days);
  return tableRows(transformations, labels);
}

/** What all panels show, a line a value: the form of headquarters.grafana.txt. */
export async function shownLines(dashboards: readonly any[], asked: Asked, site: string, days: number): Promise<string> {
  const lines: string[] = [];
  for (const { uid, panels } of dashboards) {
    for (const panel of panels as GrafanaPanel[]) {
      for (const { expr, queryType, legendFormat = '' } of panel.targets) {
        const query = filled(expr, site, days);
        const head = `# ${uid} ${panel.title} ${legendFormat}`.trim();
        if (queryType === 'instant') {
          const series = await asked.instant(query);
          lines.push(
            head,
            ...series.map(({ metric, value }) => dated({ ...metric, value: value > 1e12 ? new Date(value).toISOString() : value })).toSorted(),
          );
        } else if (panel.type === 'table') {
          const rows = await rowsShown(panel, asked, site, days);
          // In which order Loki gives what is of one time is its own affair.
          lines.push(`${head} (${rows.length})`, ...[...new Set(rows.map(dated))].toSorted());
        } else {
          const series = await asked.series(query, days);
          lines.push(`${head} (${series.length})`, ...series.map(({ metric, value }) => dated({ ...metric, value })).toSorted());
        }
      }
    }
  }
  return `${lines.join('\n')}\n`;
}

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
    .replaceAll('$network', '.*')
    .replaceAll('$level', '.*')
    .replaceAll('$address', '.*');
}

/** What an instant query gives. `at`: epoch milliseconds; what was sent in that second counts. */
export async function ask(url: string, tenant: string, query: string, at = Date.now()): Promise<readonly Series[]> {
  const { result } = await get(url, tenant, '/loki/api/v1/query', { query, time: String(Math.ceil(at / 1000) + 1) });
  return (result as { metric: Record<string, string>; value: [number, string] }[]).map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
}

/** The labels of the entries of a log query, or the series of a metric query over time, the newest first. */
async function askRange(
  url: string,
  tenant: string,
  query: string,
  days: number,
): Promise<{ readonly rows: readonly Labels[]; readonly series: readonly Series[] }> {
  const seconds = Math.floor(Date.now() / 1000);
  const range = { start: String(seconds - days * 86_400), end: String(seconds + 3600), limit: '5000', step: '3600' };
  const { resultType, result } = await get(url, tenant, '/loki/api/v1/query_range', { query, ...range });
  if (resultType === 'streams') {
    const streams = result as { stream: Labels; values: [string, string][] }[];
    const entries = streams.flatMap(({ stream, values }) => values.map(([time]) => ({ time, stream })));
    return { rows: entries.toSorted((a, b) => (a.time < b.time ? 1 : -1)).map(({ stream }) => stream), series: [] };
  }
  const series = (result as { metric: Record<string, string>; values: [number, string][] }[]).map(({ metric, values }) => ({
    metric,
    value: Math.max(...values.map(([, value]) => Number(value))),
    points: values.map(([time, value]) => [time, Number(value)] as const),
  }));
  return { rows: [], series };
}

async function get(url: string, tenant: string, path: string, parameters: Readonly<Record<string, string>>): Promise<any> {
  const answer = await fetch(`${url}${path}?${new URLSearchParams(parameters).toString()}`, {
    headers: { 'X-Scope-OrgID': tenant, 'connection': 'close' },
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${answer.status}: ${text}\n${parameters['query'] ?? ''}`);
  return JSON.parse(text).data;
}
