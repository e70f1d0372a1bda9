import { type Change, portOf } from '../../change/change.ts';
import { diffScans, ScanCollector, type ScanDiff, type ScanView } from '../../change/scan-diff.ts';
import { EXIT, type ExitCode, PortlogError } from '../../errors.ts';
import { notAScan } from '../../input-report.ts';
import { ScanReader } from '../../nmap/read.ts';
import { fileSource } from '../../source/file.ts';
import { stdinSource } from '../../source/stdin.ts';
import { changeTable, unifiedDiff } from '../report/changes.ts';
import { count } from '../report/words.ts';
import { type CommandContext, text } from './context.ts';

/** `portlog diff OLD NEW`: what changed between two scans, as far as both have looked. */
export async function diffCommand(context: CommandContext, old: string, newer: string): Promise<ExitCode> {
  const { terminal, values, speaker } = context;
  if (old === '-' && newer === '-') throw new PortlogError('usage', 'only one of the two scans can come from standard input');
  const [before, after] = [await view(context, old), await view(context, newer)];
  const diff = diffScans(before, after);
  terminal.stdout.write(rendered(diff, text(values, 'format') ?? 'table', old, newer));
  speaker.say(summary(diff));
  return values['exit-code'] === true && diff.changes.length > 0 ? EXIT.partly : EXIT.delivered;
}

async function view({ terminal, speaker }: CommandContext, path: string): Promise<ScanView> {
  const source = path === '-' ? stdinSource(terminal.stdin) : fileSource(path);
  const reader = new ScanReader();
  const collector = new ScanCollector();
  for await (const chunk of source.bytes(new AbortController().signal)) for (const item of reader.push(chunk)) collector.add(item);
  for (const item of reader.end()) collector.add(item);
  const found = collector.view();
  if (found.runs.length === 0) throw notAScan(source.name, reader.beginning);
  if (found.runs.some(({ complete }) => !complete))
    speaker.warn(`${source.name}: the scan is not complete; only hosts that it finished are compared`);
  if (collector.refused > 0) speaker.warn(`${source.name}: ${count(collector.refused, 'element')} could not be read and are not compared`);
  return found;
}

function rendered(diff: ScanDiff, format: string, old: string, newer: string): string {
  if (format === 'json') return diff.changes.map((change) => `${JSON.stringify(flat(change))}\n`).join('');
  return format === 'unified' ? unifiedDiff(diff.changes, old, newer) : changeTable(diff.changes);
}

/** As programs get it. */
function flat(change: Change): Readonly<Record<string, string | undefined>> {
  const { action, host, name, before, after, message } = change;
  return { action, host, name, port: portOf(change), before: before.text, after: after.text, message };
}

/** What is the same was compared; what was not compared is not the same. */
function summary({ changes, hostsCompared, hostsNotLookedAt, hostsFirstSeen, portsFirstSeen }: ScanDiff): string {
  const words = [
    `${count(changes.length, 'change')} on ${count(new Set(changes.map(hostOf)).size, 'host')}`,
    `${count(hostsCompared, 'host')} compared`,
  ];
  if (hostsNotLookedAt > 0) words.push(`${count(hostsNotLookedAt, 'host')} of the old scan not listed by the new one`);
  if (hostsFirstSeen > 0) words.push(`${count(hostsFirstSeen, 'host')} of the new scan not listed by the old one`);
  if (portsFirstSeen > 0) words.push(`${count(portsFirstSeen, 'open port')} not tested by the old one`);
  return words.join('; ');
}

function hostOf({ host }: Change): string {
  return host;
}
