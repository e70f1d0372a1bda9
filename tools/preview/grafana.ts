import { HOST_DASHBOARD } from '../../src/content/host-link.ts';
import { type Asked, filled, type GrafanaPanel, readDashboards, rowsShown } from '../../test/alerts/grafana.ts';
import { HEADQUARTERS_SITE } from '../../test/alerts/ship.ts';
import { type Board, type Body, DAYS, filterText, HOST, type Point, readable } from './page.ts';

/** Grafana's dashboards, with what Loki would answer. */
export async function grafanaBoards(asked: Asked): Promise<readonly Board[]> {
  const boards: Board[] = [];
  for (const { uid, title, panels, templating } of readDashboards()) {
    const widgets = [];
    for (const panel of panels as GrafanaPanel[]) {
      const { x, y, w, h } = panel.gridPos;
      const one =
        uid === HOST_DASHBOARD
          ? { ...panel, targets: panel.targets.map((target) => ({ ...target, expr: target.expr.replaceAll('$address', HOST) })) }
          : panel;
      widgets.push({ title: panel.title, about: panel.description, x, y, w, h, body: await grafanaBody(asked, one) });
    }
    const filters = templating.list.map(({ label }: { label: string }) => filterText(uid, label));
    boards.push({ id: `grafana-${uid}`, title, filters, columns: 24, rowHeight: 24, widgets });
  }
  return boards;
}

async function grafanaBody(asked: Asked, panel: GrafanaPanel): Promise<Body> {
  const { type, targets, fieldConfig } = panel;
  const queries = targets.map(({ expr }) => filled(expr, HEADQUARTERS_SITE, DAYS));
  if (type === 'timeseries')
    return { kind: 'timeline', points: (await Promise.all(queries.map((query, i) => pointsOf(asked, query, targets[i]?.legendFormat)))).flat() };
  if (type === 'table' && targets[0]?.queryType === 'range') return { kind: 'table', rows: await rowsShown(panel, asked, HEADQUARTERS_SITE, DAYS) };
  const answers = await Promise.all(queries.map(async (query) => asked.instant(query)));
  if (type === 'stat') {
    const value = answers[0]?.[0]?.value;
    const isTime = fieldConfig.defaults.unit === 'dateTimeFromNow';
    return { kind: 'number', text: value === undefined ? 'no finished scan' : isTime ? readable(new Date(value).toISOString()) : String(value) };
  }
  if (type === 'table') return { kind: 'table', rows: sites(answers) };
  const bars =
    targets.length > 1
      ? answers.map(([one], i) => ({ label: targets[i]?.legendFormat ?? '', value: one?.value ?? 0 }))
      : (answers[0] ?? [])
          .map(({ metric, value }) => ({ label: nameOf(metric, targets[0]?.legendFormat), value }))
          .toSorted((a, b) => b.value - a.value);
  return { kind: type === 'piechart' ? 'ring' : 'bars', bars };
}

/** One point a day: the steps of a query over time overlap in the picture. */
async function pointsOf(asked: Asked, query: string, legend: string | undefined): Promise<readonly Point[]> {
  const points = (await asked.series(query, DAYS)).flatMap(({ metric, points: all = [] }) =>
    all.map(([time, value]) => ({ time: time * 1000, group: nameOf(metric, legend), value })),
  );
  const days = Map.groupBy(points, ({ time, group }) => `${new Date(time).toISOString().slice(0, 10)} ${group}`);
  return [...days.values()].map((some) => some.toSorted((a, b) => b.value - a.value)[0]!);
}

function nameOf(metric: Readonly<Record<string, string>>, legend = ''): string {
  const [, label] = /\{\{(\w+)\}\}/.exec(legend) ?? [];
  return label === undefined ? legend : (metric[label] ?? '');
}

function sites(
  answers: readonly (readonly { metric: Readonly<Record<string, string>>; value: number }[])[],
): readonly Readonly<Record<string, unknown>>[] {
  const names = ['last finished scan', 'hosts up', 'open ports'];
  return (answers[0] ?? []).map(({ metric: { site = '' } }) => {
    const cells = names.map((name, i) => {
      const value = answers[i]?.find(({ metric }) => metric['site'] === site)?.value;
      return [name, i === 0 && value !== undefined ? new Date(value).toISOString() : value];
    });
    return { site, ...Object.fromEntries(cells) };
  });
}
