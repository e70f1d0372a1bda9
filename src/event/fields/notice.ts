import { field, type Field } from './field.ts';

/** What a run says besides its hosts: elements that could not be read, targets skipped, tasks, output. */
export const NOTICE_FIELDS: readonly Field[] = [
  field('nmap.refusal', 'object', true, '', undefined, 'Elements that could not be read, the first 100.'),
  field('nmap.refusal.element', 'keyword', false, '', 'host', 'Its name.'),
  field('nmap.refusal.offset', 'long', false, '', 4711, 'Byte of the (decompressed) input.'),
  field('nmap.refusal.length', 'long', false, '', 120, 'Bytes.'),
  field('nmap.refusal.reason', 'keyword', false, '', 'end tag does not match <port> (byte 4790)', 'What is wrong with it, and at which byte.'),
  field('nmap.refusal.address', 'keyword', false, '', '192.0.2.9', 'The first address in it.'),
  field('nmap.target', 'object', true, 'target', undefined, 'Targets that nmap did not scan, the first 100.'),
  field('nmap.target.specification', 'keyword', false, 'target/@specification', 'no.such.name', 'As it stood on the command line.'),
  field('nmap.target.status', 'keyword', false, 'target/@status', 'skipped', 'What nmap did with it.'),
  field('nmap.target.reason', 'keyword', false, 'target/@reason', 'invalid', 'Why.'),
  field('nmap.task', 'object', true, 'taskbegin, taskprogress, taskend', undefined, 'What nmap did, the first 100.'),
  field('nmap.task.kind', 'keyword', false, '', 'taskend', 'The element.'),
  field('nmap.task.task', 'keyword', false, 'taskend/@task', 'SYN Stealth Scan', 'What nmap did.'),
  field('nmap.task.time', 'date', false, 'taskend/@time', '2026-01-31T11:10:00.000Z', 'When it said so.'),
  field('nmap.task.extrainfo', 'keyword', false, 'taskend/@extrainfo', '1000 total ports', 'How much there was to do.'),
  field('nmap.task.percent', 'float', false, 'taskprogress/@percent', 42.5, 'How much was done.'),
  field('nmap.task.remaining', 'long', false, 'taskprogress/@remaining', 60, 'Seconds.'),
  field('nmap.task.etc', 'long', false, 'taskprogress/@etc', 1769857800, 'Expected end, epoch seconds.'),
  field('nmap.output.type', 'keyword', false, 'output/@type', 'interactive', 'Written by Zenmap.'),
  field('nmap.output.text', 'text', false, 'output', 'Starting Nmap …', "nmap's screen output, the first 32,000 bytes."),
];
