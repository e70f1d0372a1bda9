import { all, atLeast, type Filter, is } from '../alert/filter.ts';
import { fieldFormats } from './data-views.ts';
import { lucene } from './lucene.ts';
import { type OsdDashboard, osdDashboards, osdObject, type OsdObject, type OsdPanel } from './osd-objects.ts';
import type { Measure, View } from './panel.ts';

/**
 * An index pattern of our own over the alerts of Wazuh 4, beside that of its plugin (`wazuh-alerts-*`), which is not ours to change:
 * so addresses in tables lead to their host, and levels have their colour.
 */
const ALERTS = 'portlog-wazuh-alerts';
const INDICES = 'wazuh-alerts-4.x-*';
const HOST_PAGE = 'portlog-wazuh-host';
const HOST = 'data.server.address';
const TIME = 'timestamp';
/** Without finished scans, which have a rule of a low level. */
const OURS = all(is('rule.groups', 'portlog'), { field: 'rule.groups', isNot: 'portlog-scan-finished' });
/** Wazuh calls levels from this one on high; our rules of high and critical severity have them. */
const HIGH = 12;
const COUNT: Measure = { count: true };
const CONTROLS = [
  { title: 'Site', field: 'data.nmap.site' },
  { title: 'Zone', field: 'data.nmap.zone' },
  { title: 'Network', field: 'data.nmap.network' },
  { title: 'Severity', field: 'data.nmap.level' },
  { title: 'Host', field: HOST },
].map((control) => ({ ...control, pattern: ALERTS }));

/**
 * A dashboard over the alerts of our rules. Wazuh stores alerts rather than events, so events that match no rule cannot be shown. Events are
 * below `data`, with every value as text.
 */
const WAZUH_DASHBOARD: OsdDashboard = {
  id: 'portlog-wazuh',
  title: 'nmap alerts',
  about: 'Alerts of the rules of portlog. Nothing here: no alert in this time range, or no scan was read.',
  days: 30,
  controls: CONTROLS,
  panels: [
    panel('alerts', 'Alerts', 'All alerts of the rules.', { kind: 'number', column: { title: 'Alerts', of: COUNT } }, 6, 5),
    panel(
      'grave',
      'High or critical',
      'Of level 12 and more.',
      { kind: 'number', column: { title: 'High or critical', of: COUNT } },
      6,
      5,
      atLeast('rule.level', HIGH),
    ),
    panel('hosts-told', 'Hosts', 'Hosts that alerts are about.', { kind: 'number', column: { title: 'Hosts', of: { distinct: HOST } } }, 6, 5),
    panel('last', 'Last alert', 'When a rule last fired.', { kind: 'number', column: { title: 'Last alert', of: { latest: TIME } } }, 6, 5),
    panel(
      'what-to-do',
      'What to do first',
      'Kinds of weaknesses that alerts have told of, those with the highest level of Wazuh first. Wazuh stores alerts, so what has been fixed since is here until the time range has passed it.',
      {
        kind: 'table',
        by: { title: 'what to do', field: 'data.nmap.finding.remedy' },
        columns: [
          { title: 'kind of weakness', of: { latest: 'data.nmap.rule.name' } },
          { title: 'severity', of: { latest: 'data.nmap.level' } },
          { title: 'highest level', of: { largest: 'rule.level' } },
          { title: 'hosts', of: { distinct: HOST } },
          { title: 'last alert', of: { latest: TIME } },
        ],
        top: 10,
        rank: 'rule.level',
      },
      24,
      10,
      is('data.event.action', 'finding-opened', 'exposure-unexpected', 'exposure-expired'),
    ),
    panel('timeline', 'Alerts over time', 'By the event that they are about.', { kind: 'timeline', by: 'data.event.action', of: COUNT }, 12, 10),
    panel('levels', 'Alerts over time, by severity', 'As the event says it.', { kind: 'timeline', by: 'data.nmap.level', of: COUNT }, 12, 10),
    panel(
      'by-level',
      'By severity',
      'As the event says it: critical, high, medium, low.',
      { kind: 'share', by: 'data.nmap.level', of: COUNT, top: 5 },
      6,
      11,
    ),
    panel('by-rule', 'By rule', 'Numbers of the rules: docs/reference/alerts.md.', { kind: 'bars', by: 'rule.id', of: COUNT, top: 15 }, 6, 11),
    panel('by-service', 'By service', 'Of the ports that alerts are about.', { kind: 'bars', by: 'data.service.type', of: COUNT, top: 15 }, 6, 11),
    panel(
      'by-zone',
      'By zone',
      'Empty without an exposure file, which names the zones.',
      { kind: 'share', by: 'data.nmap.zone', of: COUNT, top: 10 },
      6,
      11,
    ),
    panel(
      'hosts',
      'Hosts by alerts',
      'Those with the most alerts first. An address leads to the dashboard of its host.',
      {
        kind: 'table',
        by: { title: 'host', field: HOST },
        columns: [
          { title: 'alerts', of: COUNT },
          { title: 'highest level', of: { largest: 'rule.level' } },
          { title: 'last alert', of: { latest: TIME } },
        ],
        top: 50,
      },
      24,
      12,
    ),
    panel(
      'list',
      'Alerts, the newest first',
      'runbooks/ says what to do about each. An address leads to the dashboard of its host.',
      {
        kind: 'list',
        fields: ['data.nmap.level', 'rule.description', HOST, 'data.server.port', 'data.nmap.zone', 'data.nmap.site', 'data.nmap.finding.remedy'],
      },
      24,
      16,
    ),
  ],
};

/** The dashboard of one host. Its address is in the query when a table's link leads here; otherwise it is chosen at the top. */
const WAZUH_HOST: OsdDashboard = {
  id: HOST_PAGE,
  title: 'Host: nmap alerts',
  about: 'What was told of one address: come by a link of a table, or choose it at the right. Without one, all hosts are here.',
  days: 90,
  controls: CONTROLS.toReversed(),
  panels: [
    panel('last', 'Last alert', 'When a rule last fired for it.', { kind: 'number', column: { title: 'Last alert', of: { latest: TIME } } }, 6, 5),
    panel('alerts', 'Alerts', 'All alerts about it.', { kind: 'number', column: { title: 'Alerts', of: COUNT } }, 6, 5),
    panel('by-level', 'By severity', 'As the event says it.', { kind: 'bars', by: 'data.nmap.level', of: COUNT, top: 5 }, 12, 5),
    panel(
      'ports',
      'Ports in alerts',
      'The last alert about each; portlog inventory shows whether it is still open.',
      {
        kind: 'table',
        by: { title: 'port', field: 'data.server.port' },
        columns: [
          { title: 'last alert', of: { latest: TIME } },
          { title: 'what', of: { latest: 'data.event.action' } },
          { title: 'service', of: { latest: 'data.service.type' } },
          { title: 'severity', of: { latest: 'data.nmap.level' } },
        ],
        top: 50,
      },
      24,
      10,
    ),
    panel(
      'weaknesses',
      'Weaknesses, with what to do',
      'The newest first. finding-resolved: it is fixed.',
      {
        kind: 'list',
        fields: ['data.event.action', 'data.nmap.level', HOST, 'data.server.port', 'data.nmap.finding.title', 'data.nmap.finding.remedy'],
      },
      24,
      10,
      is('data.event.action', 'finding-opened', 'finding-resolved', 'exposure-unexpected', 'exposure-expired'),
    ),
    panel(
      'history',
      'Its history',
      'All alerts about it, the newest first.',
      { kind: 'list', fields: ['data.event.action', 'data.nmap.level', HOST, 'data.server.port', 'data.message'] },
      24,
      12,
    ),
  ],
};

/** Searches, visualisations and the dashboard, for the import of Wazuh's dashboard. */
export function wazuhObjects(): readonly OsdObject[] {
  const fieldFormatMap = fieldFormats({ dashboard: HOST_PAGE, field: HOST, levels: ['data.nmap.level'] });
  return [
    osdObject('index-pattern', ALERTS, { title: INDICES, timeFieldName: TIME, fieldFormatMap }),
    ...osdDashboards([WAZUH_DASHBOARD, WAZUH_HOST]),
  ];
}

function panel(id: string, title: string, about: string, view: View, width: number, height: number, where?: Filter): OsdPanel {
  const filter = where === undefined ? OURS : all(OURS, where);
  return { id, title, about, view, width, height, pattern: ALERTS, lucene: lucene(filter), times: { newest: TIME, time: TIME } };
}
