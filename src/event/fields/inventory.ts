import { field, type Field } from './field.ts';

/** Records of the inventory. */
export const INVENTORY_FIELDS: readonly Field[] = [
  field('nmap.inventory.kind', 'keyword', false, '', 'port', 'What the record is about: host, port, protocol (`nmap -sO`) or finding.'),
  field(
    'nmap.inventory.state',
    'keyword',
    false,
    '',
    'open',
    'State when last tested: of a port as nmap wrote it; of a host up or down; of a finding open or resolved.',
  ),
  field(
    'nmap.inventory.host_state',
    'keyword',
    false,
    '',
    'up',
    'In records of ports and findings: whether the host was up or down when last tested. What is open on a host that is down is not open now.',
  ),
  field('nmap.inventory.first_seen', 'date', false, '', '2025-12-21T12:00:00.000Z', 'When it was first seen up or open.'),
  field(
    'nmap.inventory.last_seen',
    'date',
    false,
    '',
    '2026-01-30T12:00:00.000Z',
    "When it was last seen up or open. Records of ports and findings are only rewritten when they change; the host's record is current.",
  ),
  field(
    'nmap.inventory.last_tested',
    'date',
    false,
    '',
    '2026-01-31T12:00:00.000Z',
    'When it was last tested. Records of ports and findings are only rewritten when they change.',
  ),
  field('nmap.inventory.since', 'date', false, '', '2025-12-21T12:00:00.000Z', 'When the state began, as far as known.'),
  field('nmap.inventory.findings', 'long', false, '', 2, 'Number of open findings that were reported.'),
  field('nmap.inventory.risk', 'long', false, '', 73, 'Severity of the worst open finding as a number, 0 without one; of a finding, its own.'),
  field('nmap.inventory.level', 'keyword', false, '', 'high', 'The same as a word.'),
  field('nmap.inventory.open_ports', 'long', false, '', 3, 'Number of open ports of the host.'),
  field('nmap.inventory.open_protocols', 'long', false, '', 2, 'Number of IP protocols of the host that answer (`nmap -sO`).'),
];
