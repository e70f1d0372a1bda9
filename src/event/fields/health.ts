import { field, type Field } from './field.ts';

/** portlog itself: scans that are overdue, its runs, its deliveries. */
export const HEALTH_FIELDS: readonly Field[] = [
  field('nmap.overdue.due', 'date', false, '', '2026-01-31T02:00:00.000Z', 'When a finished scan of the site or schedule was due.'),
  field('nmap.overdue.last', 'date', false, '', '2026-01-30T00:10:00.000Z', 'When the last finished scan ended.'),
  field(
    'nmap.overdue.schedule',
    'keyword',
    false,
    '',
    'nightly',
    'The schedule whose scan is missing, if it belongs to one; `event.reason` says why.',
  ),
  field('nmap.overdue.max_age_seconds', 'long', false, '', 93600, 'Longest time allowed between scans, from the configuration.'),
  field('nmap.run.id', 'keyword', false, '', '5f0c3f4a1d2b7c9e8a6d5b4c3f2e1d0a', 'Identifies a run of portlog.'),
  field('nmap.run.inputs', 'long', false, '', 3, 'Files or pipes read.'),
  field('nmap.run.scans', 'long', false, '', 3, 'Runs of nmap or masscan in the inputs.'),
  field('nmap.run.hosts', 'long', false, '', 254, 'Hosts listed in the inputs.'),
  field('nmap.run.open_ports', 'long', false, '', 812, 'Open ports listed in the inputs.'),
  field('nmap.run.open_protocols', 'long', false, '', 2, 'IP protocols that answer (`nmap -sO`); absent when there are none.'),
  field('nmap.run.problems', 'long', false, '', 0, 'Inputs and elements that could not be read, and scans that were cut or failed.'),
  field('nmap.delivery.sink', 'keyword', true, '', ['elasticsearch https://es:9200'], 'The sinks that the numbers are for.'),
  field('nmap.delivery.problem', 'keyword', false, '', 'sink-failing', 'sink-failing, dead-letters, spool-full, discarded or removed.'),
  field('nmap.delivery.events', 'long', false, '', 3, 'Number of events affected.'),
  field('nmap.delivery.read', 'long', false, '', 812, 'Events for these sinks: the sum of the numbers below.'),
  field('nmap.delivery.delivered', 'long', false, '', 800, 'Stored in this run.'),
  field('nmap.delivery.already', 'long', false, '', 9, 'Had been stored before.'),
  field('nmap.delivery.dead', 'long', false, '', 3, 'Rejected permanently, kept as dead letters.'),
  field('nmap.delivery.spooled', 'long', false, '', 0, 'Waiting on disk.'),
  field('nmap.delivery.discarded', 'long', false, '', 0, 'Given up: too old, purged, or dropped from a full spool.'),
  field('nmap.delivery.withheld', 'long', false, '', 0, 'Reserved; always 0.'),
];
