import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { detectionRules } from '../../src/content/detection-rules.ts';
import { elastalertFiles } from '../../src/content/elastalert-rules.ts';
import { grafanaRules } from '../../src/content/grafana-rules.ts';
import { hostPath } from '../../src/content/host-link.ts';
import { kibanaRules } from '../../src/content/kibana-rules.ts';
import { lokiRuleGroup } from '../../src/content/loki-rules.ts';
import { type ContentOptions, DEFAULT_CONTENT } from '../../src/content/options.ts';
import { wazuhRulesFile } from '../../src/content/wazuh-rules.ts';
import { ALERT_RULES } from '../../src/alert/rules.ts';
import { page } from '../support/docs.ts';
import { ROOT } from '../support/run-portlog.ts';
import { readObjects } from './kibana.ts';
import { readOsdObjects } from './osd.ts';

const GIVEN: ContentOptions = { ...DEFAULT_CONTENT, runbooks: 'https://wiki.example.net/nmap/', dashboards: 'https://siem.example.net/s/ops/' };
/** Rules whose alerts are about a host. */
const HOST_RULES = ALERT_RULES.filter(({ key }) => key.includes('server.address')).map(({ id }) => id);

/** What each target says of a rule, by its id: rules whose message leads to a host, and to a runbook. */
function leading(texts: ReadonlyMap<string, string>, host: string): { readonly toHost: readonly string[]; readonly toRunbook: readonly string[] } {
  const of = (part: (id: string) => string): readonly string[] => [...texts].flatMap(([id, text]) => (text.includes(part(id)) ? [id] : []));
  return { toHost: of(() => host), toRunbook: of((id) => `https://wiki.example.net/nmap/${id}.md`) };
}

const RULE_IDS = ALERT_RULES.map(({ id }) => id);
const BY_QUERY = ALERT_RULES.filter(({ absentForHours }) => absentForHours === undefined).map(({ id }) => id);
const plain = (id: string): string => id.replace(/^portlog-/, '');

describe('an alert about a host leads to its dashboard, and each alert to its runbook', () => {
  test.each<[string, ReadonlyMap<string, string>, string, readonly string[]]>([
    [
      'Kibana',
      new Map(
        kibanaRules(GIVEN).map(({ tags, artifacts }) => [plain(tags.find((tag) => tag.startsWith('portlog-')) ?? ''), JSON.stringify(artifacts)]),
      ),
      '"portlog-host"',
      RULE_IDS,
    ],
    [
      'Elastic Security',
      new Map(detectionRules(GIVEN).map(({ rule_id: id, note }) => [plain(id), note])),
      'https://siem.example.net/s/ops/app/dashboards#/view/portlog-host',
      BY_QUERY,
    ],
    [
      'ElastAlert',
      new Map([...elastalertFiles(GIVEN)].map(([file, text]) => [file.replace('.yaml', ''), parse(text).alert_text])),
      "https://siem.example.net/s/ops/app/dashboards#/view/portlog-host?_a=(query:(language:lucene,query:'server.address:%22{{ (_data.server or {}).address | urlencode }}%22'))",
      RULE_IDS,
    ],
    [
      'Grafana',
      new Map(grafanaRules(GIVEN).map(({ uid, annotations }) => [plain(uid), Object.values(annotations).join('\n')])),
      'https://siem.example.net/s/ops/d/portlog-host?var-address={{ urlquery $labels.server_address }}',
      RULE_IDS,
    ],
    [
      'Loki',
      new Map(lokiRuleGroup(GIVEN).rules.map(({ labels, annotations }) => [plain(labels['rule'] ?? ''), Object.values(annotations).join('\n')])),
      'https://siem.example.net/s/ops/d/portlog-host?var-address={{ urlquery $labels.server_address }}',
      RULE_IDS,
    ],
  ])('%s', (_, texts, host, rules) => {
    const { toHost, toRunbook } = leading(texts, host);
    expect(toHost).toEqual(HOST_RULES.filter((id) => rules.includes(id)));
    expect(toRunbook.toSorted()).toEqual(rules.toSorted());
  });

  test('Wazuh, whose rules know no link with a value of the alert: to the runbook', () => {
    const xml = wazuhRulesFile(GIVEN);
    for (const id of BY_QUERY) expect(xml).toContain(`<info type="link">https://wiki.example.net/nmap/${id}.md</info>`);
    expect(wazuhRulesFile(DEFAULT_CONTENT)).toContain('<info type="text">docs/runbooks/new-open-port.md</info>');
  });

  test('OpenSearch, whose triggers are named after the rule and its runbook; and messages of Kibana and OpenSearch as their pages write them', () => {
    for (const file of readdirSync(join(ROOT, 'dashboards/opensearch/monitors'))) {
      const [trigger] = JSON.parse(readFileSync(join(ROOT, 'dashboards/opensearch/monitors', file), 'utf8')).triggers;
      const { name } = Object.values(trigger)[0] as { name: string };
      const { id, title } = ALERT_RULES.find((rule) => file.startsWith(rule.id) && name.includes(`/${rule.id}.md`))!;
      expect(name).toBe(`${title} (docs/runbooks/${id}.md)`);
    }
    expect(page('docs/how-to/elastic.md')).toContain(`{{kibanaBaseUrl}}/app/${hostPath('{{_source.server.address}}')}`);
    expect(page('docs/how-to/opensearch.md')).toContain(`/app/${hostPath('{{_source.server.address}}')}`);
  });
});

test.each([
  ['elastic', 'portlog-host', 'server.address'],
  ['opensearch', 'portlog-host', 'server.address'],
  ['wazuh', 'portlog-wazuh-host', 'data.server.address'],
])('addresses in tables of %s lead to the dashboard of their host', (folder, dashboard, field) => {
  const objects = folder === 'elastic' ? readObjects() : readOsdObjects(join(ROOT, 'dashboards', folder, 'portlog.ndjson'));
  const patterns = objects.filter(({ type }) => type === 'index-pattern');
  expect(patterns.length).toBeGreaterThan(0);
  for (const { attributes } of patterns) {
    const { [field]: format } = JSON.parse(attributes.fieldFormatMap);
    expect(format.params.urlTemplate).toBe(`dashboards#/view/${dashboard}?_a=(query:(language:lucene,query:'${field}:%22{{value}}%22'))`);
  }
  expect(objects.some(({ type, id }) => type === 'dashboard' && id === dashboard)).toBe(true);
});
