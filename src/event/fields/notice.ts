import { field, type Field } from './field.ts';

/** What a run says besides its hosts: elements that could not be read, targets skipped, tasks, output. */
export const NOTICE_FIELDS: readonly Field[] = [
  field('nmap.refusal', 'object', true, '', undefined, 'XML elements that could not be read, the first 100.'),
  field('nmap.refusal.element', 'keyword', false, '', 'host', 'Name of the element.'),
  field('nmap.refusal.offset', 'long', false, '', 4711, 'Where it begins: byte of the decompressed input.'),
  field('nmap.refusal.length', 'long', false, '', 120, 'Its length in bytes.'),
  field('nmap.refusal.reason', 'keyword', false, '', 'end tag does not match <port> (byte 4790)', 'What is wrong with it, and at which byte.'),
  field('nmap.refusal.address', 'keyword', false, '', '192.0.2.9', 'The first address inside it.'),
  field('nmap.target', 'object', true, 'target', undefined, 'Targets that nmap did not scan, the first 100.'),
  field('nmap.target.specification', 'keyword', false, 'target/@specification', 'no.such.name', 'The target as given on the command line.'),
  field('nmap.target.status', 'keyword', false, 'target/@status', 'skipped', 'What nmap did with it.'),
  field('nmap.target.reason', 'keyword', false, 'target/@reason', 'invalid', 'Why nmap did that.'),
  field('nmap.task', 'object', true, 'taskbegin, taskprogress, taskend', undefined, 'Steps of the scan as nmap logged them, the first 100.'),
  field('nmap.task.kind', 'keyword', false, '', 'taskend', 'Name of the XML element.'),
  field('nmap.task.task', 'keyword', false, 'taskend/@task', 'SYN Stealth Scan', 'Name of the step.'),
  field('nmap.task.time', 'date', false, 'taskend/@time', '2026-01-31T11:10:00.000Z', 'When nmap wrote it.'),
  field('nmap.task.extrainfo', 'keyword', false, 'taskend/@extrainfo', '1000 total ports', 'Size of the step.'),
  field('nmap.task.percent', 'float', false, 'taskprogress/@percent', 42.5, 'Percent done.'),
  field('nmap.task.remaining', 'long', false, 'taskprogress/@remaining', 60, 'Seconds left, as nmap estimates.'),
  field('nmap.task.etc', 'long', false, 'taskprogress/@etc', 1769857800, 'Estimated end, in epoch seconds.'),
  field('nmap.output.type', 'keyword', false, 'output/@type', 'interactive', 'Kind of output; written by Zenmap.'),
  field('nmap.output.text', 'text', false, 'output', 'Starting Nmap …', "nmap's screen output, the first 32,000 bytes."),
];
