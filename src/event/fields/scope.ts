import { field, type Field } from './field.ts';

/** Site, zone and owner of a host, and its identity across scans. */
export const SCOPE_FIELDS: readonly Field[] = [
  field('nmap.site', 'keyword', false, '', 'default', 'The place that was scanned, from the configuration.'),
  field('nmap.shortened', 'boolean', false, '', true, 'Too long for its destination: it was cut to fit, what scripts have written first.'),
  field('nmap.zone', 'keyword', false, '', 'dmz', 'What the network of the host is, from the file of expected exposure.'),
  field('nmap.network', 'keyword', false, '', '203.0.113.0/24', 'The network of the host, as the file of expected exposure writes it.'),
  field('nmap.criticality', 'keyword', false, '', 'high', 'How much depends on it: low, medium, high, critical.'),
  field('nmap.owner', 'keyword', false, '', 'web team', 'Who answers for it.'),
  field('nmap.external', 'boolean', false, '', true, 'Whether everyone can reach the network of the host, as the file of expected exposure says.'),
  field(
    'nmap.expected',
    'boolean',
    false,
    '',
    false,
    'Of a change at a port: whether the file of expected exposure says that it is meant to be open.',
  ),
  field(
    'nmap.entity.id',
    'keyword',
    false,
    '',
    '0e0b7ac8b7c738304c88adddfba3ac99.tcp.21',
    'The same host, port or run across events: the id of a port is that of its host, the transport and the number.',
  ),
  field(
    'nmap.malformed',
    'keyword',
    true,
    '',
    ['port@portid=abc'],
    'Attributes that should be numbers and are not, and times that cannot be (more than ten minutes ahead, or before there was nmap), as nmap wrote them.',
  ),
];
