import { any, exists, is, type Filter } from '../../alert/filter.ts';
import type { Dashboard, Measure, Query } from '../panel.ts';
import { GRAVE, lastLook, number, openNow, openPort } from './parts.ts';

const FINDINGS: Measure = { distinct: 'nmap.entity.id' };
const found: Omit<Query, 'view'> = { from: 'nmap.finding', lastScan: true };
const RANGE = 'Elasticsearch: of the time range, each once. Loki: of the last scan of each site.';
const exploited = any(is('nmap.finding.exploit', true), exists('nmap.finding.kev.due_date'));
const FINDING_FIELDS = ['server.address', 'host.name', 'server.port', 'rule.name', 'nmap.finding.level', 'nmap.finding.title', 'nmap.zone'];

export const weaknesses: Dashboard = {
  id: 'portlog-weaknesses',
  title: 'Weaknesses',
  about: 'What is wrong with what is open. What was mended since the last scan is told in What changed.',
  days: 8,
  panels: [
    lastLook,
    number('grave', 'High or critical', `Weaknesses to look at first. ${RANGE}`, { ...found, where: is('nmap.finding.level', ...GRAVE) }, FINDINGS),
    number(
      'exploited',
      'Known to be exploited',
      `Vulnerabilities with a public exploit, or in the catalogue of known exploited ones. ${RANGE}`,
      { ...found, where: exploited },
      FINDINGS,
    ),
    number(
      'anonymous',
      'Open to everybody',
      `Access without a password, or with the one that the maker has set. ${RANGE}`,
      { ...found, where: is('rule.category', 'access') },
      FINDINGS,
    ),
    {
      id: 'by-level',
      title: 'By severity',
      about: RANGE,
      query: { ...found, view: { kind: 'share', by: 'nmap.finding.level', of: FINDINGS, top: 5 } },
      width: 6,
      height: 11,
    },
    {
      id: 'by-category',
      title: 'By category',
      about: RANGE,
      query: { ...found, view: { kind: 'bars', by: 'rule.category', of: FINDINGS, top: 15 } },
      width: 9,
      height: 11,
    },
    {
      id: 'certificates',
      title: 'Certificates by days left',
      about: 'Of open ports whose certificate a scan has read (ssl-cert).',
      query: { from: 'nmap.inventory', where: openPort, view: certificateSteps() },
      withoutInventory: { from: 'nmap.port', where: openNow, lastScan: true, view: certificateSteps() },
      width: 9,
      height: 11,
    },
    {
      id: 'by-rule',
      title: 'Weak certificates and encryption',
      about: `What is wrong with them. ${RANGE}`,
      query: {
        ...found,
        where: is('rule.category', 'certificate', 'encryption'),
        view: { kind: 'bars', by: 'rule.id', of: FINDINGS, top: 15 },
      },
      width: 12,
      height: 11,
    },
    {
      id: 'by-host',
      title: 'Hosts with grave weaknesses',
      about: `High or critical, by host. ${RANGE}`,
      query: { ...found, where: is('nmap.finding.level', ...GRAVE), view: { kind: 'bars', by: 'server.address', of: FINDINGS, top: 15 } },
      width: 12,
      height: 11,
    },
    {
      id: 'list',
      title: 'High or critical',
      about: 'As the scans of the time range found them, the newest first.',
      query: { from: 'nmap.finding', where: is('nmap.finding.level', ...GRAVE), view: { kind: 'list', fields: FINDING_FIELDS } },
      width: 24,
      height: 14,
    },
  ],
};

function certificateSteps(): Query['view'] {
  const days = (from: number | undefined, to: number | undefined): Filter => ({
    field: 'tls.server.not_after',
    daysAhead: { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) },
  });
  return {
    kind: 'steps',
    steps: [
      { title: 'expired', where: days(undefined, 0) },
      { title: 'less than 7 days', where: days(0, 7) },
      { title: '7 to 14 days', where: days(7, 14) },
      { title: '14 to 30 days', where: days(14, 30) },
      { title: '30 days or more', where: days(30, undefined) },
    ],
  };
}
