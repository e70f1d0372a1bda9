import { field, type Field } from './field.ts';

/** portlog itself: scans that are overdue, its runs, its deliveries. */
export const HEALTH_FIELDS: readonly Field[] = [
  field(
    'nmap.overdue.due',
    'date',
    false,
    '',
    '2026-01-31T02:00:00.000Z',
    'When a finished scan of the site, or the scan of a schedule, should have come.',
  ),
  field('nmap.overdue.last', 'date', false, '', '2026-01-30T00:10:00.000Z', 'When the last one ended.'),
  field(
    'nmap.overdue.schedule',
    'keyword',
    false,
    '',
    'nightly',
    'The schedule that asked for it, when one did; `event.reason` says why it did not come.',
  ),
  field('nmap.overdue.max_age_seconds', 'long', false, '', 93600, 'How often one is expected, from the configuration.'),
  field('nmap.run.id', 'keyword', false, '', '5f0c3f4a1d2b7c9e8a6d5b4c3f2e1d0a', 'Of a run of portlog.'),
  field('nmap.run.inputs', 'long', false, '', 3, 'Files or pipes that it read.'),
  field('nmap.run.scans', 'long', false, '', 3, 'Runs of nmap or masscan in them.'),
  field('nmap.run.hosts', 'long', false, '', 254, 'Hosts that they list.'),
  field('nmap.run.open_ports', 'long', false, '', 812, 'Open ports that they list.'),
  field('nmap.run.problems', 'long', false, '', 0, 'Inputs and elements that could not be read, scans that are cut or failed.'),
  field('nmap.delivery.sink', 'keyword', true, '', ['elasticsearch https://es:9200'], 'The sinks that the numbers are about.'),
  field('nmap.delivery.problem', 'keyword', false, '', 'sink-failing', 'sink-failing, dead-letters, spool-full, discarded or removed.'),
  field('nmap.delivery.events', 'long', false, '', 3, 'Events that the problem is about.'),
  field('nmap.delivery.read', 'long', false, '', 812, 'Events for these sinks: the sum of the numbers that follow.'),
  field('nmap.delivery.delivered', 'long', false, '', 800, 'Stored now.'),
  field('nmap.delivery.already', 'long', false, '', 9, 'Stored before.'),
  field('nmap.delivery.dead', 'long', false, '', 3, 'Rejected for good, kept as dead letters.'),
  field('nmap.delivery.spooled', 'long', false, '', 0, 'Waiting on disk.'),
  field('nmap.delivery.discarded', 'long', false, '', 0, 'Given up.'),
  field('nmap.delivery.withheld', 'long', false, '', 0, 'Not sent because a policy forbids it.'),
];
