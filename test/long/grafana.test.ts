import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type FakeLoki, startFakeLoki } from '../support/fake-loki.ts';
import { askedOfEntries, type Asked, filled, type GrafanaPanel, readDashboards, rowsShown, shownLines, targetsOf } from '../alerts/grafana.ts';
import { HEADQUARTERS_SITE, shipHeadquarters } from '../alerts/ship.ts';

/*
 * What Grafana's panels show of three weeks of a small company, without a Loki and a Grafana: entries as they are pushed, LogQL by
 * little-loki.ts, transformations by grafana-table.ts. Where there is a Loki, it must say the same (test/server/content.test.ts).
 */

let loki: FakeLoki;
let asked: Asked;
const dashboards = readDashboards();

beforeAll(async () => {
  loki = await startFakeLoki();
  await shipHeadquarters(['--to', `loki=${loki.url}`], { PORTLOG_LOKI_TENANT: 'stories' });
  asked = askedOfEntries(await loki.entries('stories'));
}, 300_000);
afterAll(() => loki.stop());

function tableOf(dashboard: string, title: string): GrafanaPanel {
  return dashboards.find(({ uid }) => uid === dashboard).panels.find((panel: GrafanaPanel) => panel.type === 'table' && panel.title === title);
}

describe("Grafana's panels", () => {
  test('show what they should', async () => {
    await expect(await shownLines(dashboards, asked, HEADQUARTERS_SITE, 30)).toMatchFileSnapshot('../alerts/headquarters.grafana.txt');
  });

  test('have no value for a site that nobody has scanned, not 0', async () => {
    for (const { panel, kind, expr } of targetsOf(dashboards))
      if (kind === 'stat') expect(await asked.instant(filled(expr, 'nowhere', 30)), panel).toEqual([]);
  });

  test('list nothing twice because several scans saw it, and not what is over', async () => {
    const ports = await rowsShown(tableOf('portlog-exposure', 'Open ports'), asked, HEADQUARTERS_SITE, 30);
    const places = ports.map(({ host, port }) => `${String(host)} ${String(port)}`);
    expect(places.length).toBeGreaterThan(10);
    expect(new Set(places).size).toBe(places.length);
    const found = await rowsShown(tableOf('portlog-weaknesses', 'Weaknesses, most severe first'), asked, HEADQUARTERS_SITE, 30);
    const named = found.map(({ host, port, weakness }) => `${String(host)} ${String(port)} ${String(weakness)}`);
    expect(new Set(named).size).toBe(named.length);
    expect(found[0]).toMatchObject({ 'severity': 'critical', 'what to do': expect.stringContaining('password') });
  });
});
