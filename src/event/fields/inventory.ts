import { field, type Field } from './field.ts';

/** Records of the inventory. */
export const INVENTORY_FIELDS: readonly Field[] = [
  field('nmap.inventory.kind', 'keyword', false, '', 'port', 'Of a record of the inventory: host, port, protocol (of `nmap -sO`) or finding.'),
  field(
    'nmap.inventory.state',
    'keyword',
    false,
    '',
    'open',
    "Of a port in nmap's words, of a host up or down, of a finding open or resolved; as it was last found.",
  ),
  field(
    'nmap.inventory.host_state',
    'keyword',
    false,
    '',
    'up',
    'Of the record of a port or finding: whether its host is up or down, as it was last found. It counts as open now only where this is not down.',
  ),
  field('nmap.inventory.first_seen', 'date', false, '', '2025-12-21T12:00:00.000Z', 'Seen up or open for the first time.'),
  field(
    'nmap.inventory.last_seen',
    'date',
    false,
    '',
    '2026-01-30T12:00:00.000Z',
    'Seen up or open last. Of a port or finding as it was when it changed; its host has the latest.',
  ),
  field(
    'nmap.inventory.last_tested',
    'date',
    false,
    '',
    '2026-01-31T12:00:00.000Z',
    'Looked at last; of a port or finding as it was when it changed.',
  ),
  field('nmap.inventory.since', 'date', false, '', '2025-12-21T12:00:00.000Z', 'Since when the state is known to stand.'),
  field('nmap.inventory.findings', 'long', false, '', 2, 'How many weaknesses it has now that were told.'),
  field('nmap.inventory.risk', 'long', false, '', 73, 'The severity of the gravest of them; 0 for none. Of a finding: its own.'),
  field('nmap.inventory.level', 'keyword', false, '', 'high', 'That as a word.'),
  field('nmap.inventory.open_ports', 'long', false, '', 3, 'Of a host: how many of its ports are open.'),
  field('nmap.inventory.open_protocols', 'long', false, '', 2, 'Of a host: how many protocols without ports answer, as `nmap -sO` finds them.'),
];
