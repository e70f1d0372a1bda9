import type { ChildProcess } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { ALERT_RULES } from '../../src/alert/rules.ts';
import type { LogEvent } from '../../src/event/event.ts';
import { flatLine } from '../../src/event/flat.ts';
import { syslogHeader } from '../../src/event/syslog.ts';
import { finished, freshDir, portlog, ROOT, startPortlog } from '../support/run-portlog.ts';
import { ecs, eventsOf, fixture, host, scan } from '../support/scans.ts';
import { osdPanelsOf, readOsdObjects } from '../alerts/osd.ts';
import { shipStories, siteOf } from '../alerts/ship.ts';
import { decoded, firedBy, lintLine, type ReadRule, readRules } from '../alerts/wazuh.ts';

const XML = readFileSync(join(ROOT, 'dashboards/wazuh/portlog_rules.xml'), 'utf8');
const RULES = readRules(XML);
/** The bases, what is sorted out, and the scan that finished stand before the rules of the catalogue. */
const OWN = 5;
const [EVENT] = eventsOf(fixture('everything.xml')) as [LogEvent];

describe('the stories, through the file', () => {
  let bySite: ReadonlyMap<string | undefined, readonly string[]>;
  beforeAll(async () => {
    const file = join(freshDir(), 'wazuh.ndjson');
    writeFileSync(file, '');
    await shipStories(['--to', `wazuh=${file}`], {});
    const lines = readFileSync(file, 'utf8').trim().split('\n');
    bySite = Map.groupBy(lines, (line) => (JSON.parse(line) as { nmap?: { site?: string } }).nmap?.site);
    expect(lines.flatMap(lintLine)).toEqual([]);
    const check = new Ajv2020({ allErrors: true }).compile(JSON.parse(readFileSync(join(ROOT, 'schemas/wazuh.schema.json'), 'utf8')) as object);
    for (const line of lines) expect(check(JSON.parse(line)) ? [] : check.errors, line).toEqual([]);
  }, 600_000);

  test.each(ALERT_RULES.filter(({ absentForHours }) => absentForHours === undefined).map(({ id }) => [id]))(
    '%s fires on its story, and not on the other',
    (id) => {
      const fired = (site: string): readonly ReadRule[] => (bySite.get(site) ?? []).flatMap((line) => firedBy(RULES, line) ?? []);
      const group = `portlog-${id}`;
      const withHeader = (line: string): string => syslogHeader(EVENT, { format: 'rfc3164', facility: 'local0', hostname: 'scanner' }) + line;
      for (const line of bySite.get(siteOf(id, 'fires')) ?? []) expect(firedBy(RULES, withHeader(line))).toEqual(firedBy(RULES, line));
      expect(fired(siteOf(id, 'fires')).filter(({ groups }) => groups.includes(group)).length).toBeGreaterThan(0);
      expect(fired(siteOf(id, 'silent')).filter(({ groups }) => groups.includes(group))).toEqual([]);
    },
  );

  test('a change within a mass change raises no alert; a finished scan is level 3, below everything else', () => {
    const lines = bySite.get(siteOf('new-open-port', 'fires')) ?? [];
    const opened = lines.find((line) => firedBy(RULES, line)?.groups.includes('portlog-new-open-port')) ?? '';
    const marked = JSON.parse(opened) as { nmap: { change: object } };
    marked.nmap.change = { ...marked.nmap.change, mass: 'true' };
    expect(firedBy(RULES, JSON.stringify(marked))).toBeUndefined();
    const finished = lines.flatMap((line) => firedBy(RULES, line) ?? []).filter(({ groups }) => groups.includes('portlog-scan-finished'));
    expect(finished.map(({ level }) => level)).toEqual([3, 3, 3]);
    expect(Math.min(...RULES.slice(OWN).map(({ level }) => level))).toBeGreaterThan(3);
  });

  test('the dashboard counts alerts, not scans that finished', () => {
    const finished = RULES.find(({ groups }) => groups.includes('portlog-scan-finished'));
    const queries = osdPanelsOf(readOsdObjects(join(ROOT, 'dashboards/wazuh/portlog.ndjson'))).map(({ query }) => query);
    expect(queries.length).toBeGreaterThan(10);
    for (const query of queries) expect(query).toContain(`rule.groups:portlog AND NOT rule.groups:"${finished?.groups.at(-1)}"`);
  });

  test('levels: critical is the highest, high sends mail by default (12), medium does not; no description is incomplete', () => {
    for (const rule of ALERT_RULES.filter(({ absentForHours }) => absentForHours === undefined)) {
      const { level = 0, description = '' } = RULES.find(({ groups }) => groups.includes(`portlog-${rule.id}`)) ?? {};
      expect(level, rule.id).toBe({ critical: 15, high: 12, medium: 8, low: 5 }[rule.severity]);
      expect(description).toBe(`portlog: ${rule.title}: $(message)`);
    }
    for (const line of [...bySite.values()].flat()) expect((JSON.parse(line) as { message: string }).message).not.toMatch(/ {2}|^ | $/);
  });

  test('hosts, ports and findings are not sent, unless asked for', () => {
    const datasets = new Set([...bySite.values()].flat().map((line) => (JSON.parse(line) as { event: { dataset: string } }).event.dataset));
    expect(datasets).toEqual(new Set(['nmap.change', 'nmap.scan', 'nmap.health']));
  });
});

describe('an event in one flat line', () => {
  test('of every kind fits', () => {
    for (const event of eventsOf(fixture('everything.xml'), { all: true })) expect(lintLine(flatLine(event)), event.message).toEqual([]);
  });

  test('a list is joined; the severity is a word; the script’s trees are left out, its text is there', () => {
    const line = eventsOf(fixture('everything.xml'), { all: true })
      .map(flatLine)
      .find((one) => one.includes('"443"'));
    const fields = decoded(JSON.parse(line ?? '{}'));
    expect(fields.get('host.ip')).toBe('192.0.2.7, 2001:db8::7');
    expect(fields.get('nmap.script.id')).toBe('ssl-cert, http-methods');
    expect(fields.get('nmap.level')).toBe('info');
    expect(fields.get('nmap.script.text')).toContain('http-methods: Supported Methods');
    expect([...fields.keys()].filter((name) => name.startsWith('nmap.script.output') || name.startsWith('nmap.script.data'))).toEqual([]);
  });

  test('whatever a stranger has written, it fits, and says that it was shortened', () => {
    const text = fc.oneof(
      fc.string({ maxLength: 50 }),
      fc.constantFrom('ü'.repeat(40_000), '😀'.repeat(20_000), '"'.repeat(70_000), '\u0000\n'.repeat(9000)),
    );
    fc.assert(
      fc.property(text, text, (output, product) => {
        const escaped = (value: string): string =>
          value.replaceAll(/[&<>"\u0000-\u001F\uD800-\uDFFF\uFFFE\uFFFF]/g, (c) => (c === '"' ? '&quot;' : ' '));
        const service = `<service name="x" product="${escaped(product)}" method="probed"/>`;
        const inside = `<ports><port protocol="tcp" portid="1"><state state="open"/>${service}<script id="s" output="${escaped(output)}"/></port></ports>`;
        for (const event of eventsOf(scan(host('192.0.2.1', inside)))) {
          const line = flatLine(event);
          expect(lintLine(line)).toEqual([]);
          const fields = decoded(JSON.parse(line));
          const whole = ecs(event).nmap.script?.text ?? '';
          if (whole !== (fields.get('nmap.script.text') ?? '')) expect(fields.get('nmap.shortened')).toBe('true');
        }
      }),
      { numRuns: 30 },
    );
  });

  test('is written no faster than an agent passes on', async () => {
    const folder = freshDir();
    const config = join(folder, 'portlog.yaml');
    writeFileSync(join(folder, 'w.ndjson'), '');
    writeFileSync(config, `sinks: [{ type: wazuh, path: ${join(folder, 'w.ndjson')}, eventsPerSecond: 50, datasets: [nmap.port] }]\n`);
    const started = Date.now();
    const ports = Array.from({ length: 120 }, (_, i) => `<port protocol="tcp" portid="${20_000 + i}"><state state="open"/></port>`).join('');
    const run = portlog(['--config', config, '--state-dir', folder, '--to', 'wazuh', '--no-changes', '-'], {
      input: scan(host('192.0.2.1', `<ports>${ports}</ports>`)),
    });
    const { code } = await run;
    expect(code).toBe(0);
    // The second hundred waits for the first: two seconds at fifty a second.
    expect(Date.now() - started).toBeGreaterThan(1900);
  });

  test('not by two processes either, and one that is killed holds up nobody', async () => {
    const folder = freshDir();
    const file = join(folder, 'w.ndjson');
    writeFileSync(file, '');
    writeFileSync(join(folder, 'portlog.yaml'), `sinks: [{ type: wazuh, path: ${file}, eventsPerSecond: 50, datasets: [nmap.port] }]\n`);
    const ports = Array.from({ length: 120 }, (_, i) => `<port protocol="tcp" portid="${20_000 + i}"><state state="open"/></port>`).join('');
    writeFileSync(join(folder, 'scan.xml'), scan(host('192.0.2.1', `<ports>${ports}</ports>`)));
    const start = (site: string): ChildProcess => {
      const mine = ['--state-dir', join(folder, site), '--site', site];
      return startPortlog(['--config', join(folder, 'portlog.yaml'), ...mine, '--to', 'wazuh', '--no-changes', join(folder, 'scan.xml')]);
    };
    const lines = (): readonly string[] => readFileSync(file, 'utf8').split('\n').slice(0, -1);
    const started = Date.now();
    const [one, other, killed] = [start('one'), start('other'), start('killed')];
    while (lines().length < 100) await new Promise((resolve) => setTimeout(resolve, 20));
    killed.kill('SIGKILL');
    expect((await Promise.all([one, other].map(finished))).map(({ code }) => code)).toEqual([0, 0]);
    const by = (site: string): number => lines().filter((line) => line.includes(`"site":"${site}"`)).length;
    expect([by('one'), by('other')]).toEqual([120, 120]);
    // 240 lines at fifty a second, but for the last batch, which nobody waits for.
    expect(Date.now() - started).toBeGreaterThan(2800);
  });
});
