import { field, type Field } from './field.ts';

/** Site, zone and owner of a host, and its identity across scans. */
export const SCOPE_FIELDS: readonly Field[] = [
  field('nmap.site', 'keyword', false, '', 'default', 'The site that was scanned: `--site`, or the configuration.'),
  field('nmap.shortened', 'boolean', false, '', true, 'The event was too large for the destination and was cut to fit, script output first.'),
  field('nmap.zone', 'keyword', false, '', 'dmz', "Zone of the host's network, from the exposure file."),
  field('nmap.network', 'keyword', false, '', '203.0.113.0/24', "The host's network, as written in the exposure file."),
  field('nmap.criticality', 'keyword', false, '', 'high', 'From the exposure file: low, medium, high or critical.'),
  field('nmap.owner', 'keyword', false, '', 'web team', 'Who is responsible, from the exposure file.'),
  field('nmap.external', 'boolean', false, '', true, "Whether the host's network can be reached from outside, from the exposure file."),
  field('nmap.expected', 'boolean', false, '', false, 'Of a change of a port: whether the exposure file allows the port to be open.'),
  field(
    'nmap.entity.id',
    'keyword',
    false,
    '',
    '0e0b7ac8b7c738304c88adddfba3ac99.tcp.21',
    "Identifies a host, port or run across events. The id of a port is the host's id, the transport and the number.",
  ),
  field(
    'nmap.malformed',
    'keyword',
    true,
    '',
    ['port@portid=abc'],
    'Attributes that should be numbers but are not, and impossible times (more than ten minutes ahead, or before nmap existed), as nmap wrote them.',
  ),
];
