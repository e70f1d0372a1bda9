import { openWords } from '../../event/counts.ts';
import { type Change, portOf } from '../../change/change.ts';
import { diffScans, diffWith, knowledgeOf, type ScanDiff } from '../../change/scan-diff.ts';
import { type Findings, ScanCollector, type ScanView, timeOf } from '../../change/scan-view.ts';
import { KnownScans } from '../../change/scans.ts';
import { KnownHosts } from '../../state/known-hosts.ts';
import type { Settings } from '../../config/settings.ts';
import { stateFile } from '../../state/store.ts';
import { EXIT, type ExitCode, PortlogError } from '../../core/errors.ts';
import { Finder } from '../../finding/finder.ts';
import { looksFor } from '../../finding/script.ts';
import { seenFindings } from '../../finding/seen.ts';
import { changeTable, unifiedDiff } from '../session/report/changes.ts';
import { counted } from '../../event/text.ts';
import { print } from '../session/terminal.ts';
import { type CommandContext, settingsOf, text } from '../session/context.ts';
import { readScan } from '../session/read-scan.ts';
import { readState } from '../session/known-state.ts';
import { type Command, NOTHING_SENT } from '../command.ts';
import { only, SHIP_OPTIONS } from '../session/options.ts';
import { sitesToShow } from '../session/sites.ts';
import { unfinishedText } from '../session/unfinished.ts';

/** Name of the state in messages, where a scan's name would be. */
const KNOWN = 'what is known';

/** `portlog diff OLD NEW`: what changed between two scans, or between what is known and a scan, as far as both have looked. */
export const diff: Command = {
  name: 'diff',
  summary: 'show what changed between two scans, or since the known state',
  usage: ['diff [options] OLD NEW', 'diff [options] SCAN'],
  about: ['What only one of the two scans tested is not a change.'],
  words: 'files',
  options: {
    'format': {
      type: 'string',
      choices: ['table', 'json', 'unified'],
      group: 'What',
      about: 'one line per change, one JSON object per change, or output like diff -u',
      byDefault: 'table',
    },
    'exit-code': { type: 'boolean', group: 'What', about: 'exit with 1 when something changed, as git diff does' },
    ...only(SHIP_OPTIONS, ['site', 'config', 'state-dir']),
  },
  examples: [
    { line: 'portlog diff monday.xml tuesday.xml', about: 'compare two scans' },
    { line: 'portlog diff tonight.xml', about: 'compare a scan that was not shipped with the known state' },
  ],
  exits: { ...NOTHING_SENT, 0: 'compared', 1: 'with --exit-code: something changed' },
  run: showDiff,
};

async function showDiff(context: CommandContext, words: readonly string[]): Promise<ExitCode> {
  const { terminal, values, log } = context;
  const [old, newer] = scansOf(words);
  if (old === '-' && newer === '-') throw new PortlogError('usage', 'only one of the two scans can come from standard input');
  const settings = await settingsOf(context);
  const { diff, damage } = old === undefined ? await diffWithState(context, settings, newer) : await diffTwo(context, settings, old, newer);
  refuseOlder(diff, newer);
  await print(terminal, rendered(diff, text(values, 'format') ?? 'table', old ?? KNOWN, newer));
  log.info(summary(diff, old === undefined ? KNOWN : 'the old scan'));
  if (damage !== undefined) {
    log.error(damage);
    return EXIT.state;
  }
  return values['exit-code'] === true && diff.changes.length > 0 ? EXIT.partly : EXIT.delivered;
}

/** The old scan, when there is one, and the new one. */
function scansOf(words: readonly string[]): readonly [old: string | undefined, newer: string] {
  const [first, second, ...more] = words;
  if (first === undefined || more.length > 0)
    throw new PortlogError('usage', 'portlog diff compares two scans, or one with what is known', { hint: 'portlog diff OLD NEW' });
  return second === undefined ? [undefined, first] : [first, second];
}

/** Refuses a scan that is older than the known state, because changes would be reversed. */
function refuseOlder({ hostsKnownLater, hostsCompared }: ScanDiff, scan: string): void {
  if (hostsKnownLater === 0 || hostsCompared > 0) return;
  throw new PortlogError(
    'usage',
    `${scan} is older than what is known of ${hostsKnownLater === 1 ? 'its host' : 'all its hosts'}: nothing of it would be a change`,
    {
      hint: `portlog diff ${scan} NEWER compares two scans, the older one first; portlog report --since shows what changed since a day`,
    },
  );
}

interface Compared {
  readonly diff: ScanDiff;
  /** The known state of some hosts is damaged: they were left out. */
  readonly damage?: PortlogError | undefined;
}

async function diffTwo(context: CommandContext, settings: Settings, old: string, newer: string): Promise<Compared> {
  const before = await view(context, settings, old);
  return { diff: diffScans(before, await view(context, settings, newer), settings.changes) };
}

async function diffWithState(context: CommandContext, settings: Settings, newer: string): Promise<Compared> {
  const { stateDir, event } = settings;
  const config = await context.config();
  const compared = await readState(stateDir, async (database) => {
    sitesToShow(database, config, event.site);
    const hosts = new KnownHosts(database, event.site);
    const knowledge = knowledgeOf(hosts, new KnownScans(database, event.site), findingsOf(settings));
    return { diff: diffWith(knowledge, await view(context, settings, newer), settings.changes), damage: hosts.damage };
  });
  if (compared !== undefined) return compared;
  throw new PortlogError('nothing-known', `nothing is known yet to compare with: there is no ${stateFile(stateDir)}`, {
    hint: 'ship a scan first, name another directory with --state-dir, or name two scans',
  });
}

/** The same settings for findings as for shipping. */
function findingsOf({ findings, exposure }: Settings): Findings {
  const finder = new Finder({ ...findings, exposure });
  return { of: (run, host) => seenFindings(finder, { run, host, time: timeOf(run, host) }), looksFor };
}

async function view(context: CommandContext, settings: Settings, path: string): Promise<ScanView> {
  const { log } = context;
  const collector = new ScanCollector(settings.event.macNetworks, findingsOf(settings));
  const name = await readScan(context, path, (item) => collector.add(item));
  const found = collector.view();
  for (const text of unfinishedText(
    found.runs.map(({ ending }) => ending),
    'are compared',
  ))
    log.warn(`${name}: ${text}`);
  if (collector.refused > 0) log.warn(`${name}: ${counted(collector.refused, 'element')} could not be read and are not compared`);
  return found;
}

function rendered(diff: ScanDiff, format: string, old: string, newer: string): string {
  if (format === 'json') return diff.changes.map((change) => `${JSON.stringify(flat(change))}\n`).join('');
  return format === 'unified' ? unifiedDiff(diff.changes, old, newer) : changeTable(diff.changes);
}

/** A change as a flat JSON object. */
function flat(change: Change): Readonly<Record<string, string | undefined>> {
  const { action, host, name, before, after, message } = change;
  return { action, host, name, port: portOf(change), before: before.text, after: after.text, message };
}

/** The summary, which also says what was not compared. */
function summary(diff: ScanDiff, old: string): string {
  const { changes, hostsCompared, hostsKnownLater, hostsNotLookedAt, hostsFirstSeen, portsFirstSeen, protocolsFirstSeen, findingsFirstSeen } = diff;
  const { portsNotTested, protocolsNotTested, findingsNotLookedFor } = diff;
  const words = [
    `${counted(changes.length, 'change')} on ${counted(new Set(changes.map(hostOf)).size, 'host')}`,
    `${counted(hostsCompared, 'host')} compared`,
  ];
  if (hostsNotLookedAt > 0) words.push(`${counted(hostsNotLookedAt, 'host')} of ${old} not listed by the new scan`);
  if (portsNotTested + protocolsNotTested > 0) words.push(`${openWords(portsNotTested, protocolsNotTested, counted)} not tested by the new scan`);
  if (findingsNotLookedFor > 0) words.push(`${counted(findingsNotLookedFor, 'finding')} not looked for by the new scan`);
  if (hostsKnownLater > 0)
    words.push(`${counted(hostsKnownLater, 'host')} not compared: the scan is older than what is known of ${hostsKnownLater === 1 ? 'it' : 'them'}`);
  if (hostsFirstSeen > 0) words.push(`${counted(hostsFirstSeen, 'host')} of the new scan not in ${old}`);
  if (portsFirstSeen + protocolsFirstSeen > 0) words.push(`${openWords(portsFirstSeen, protocolsFirstSeen, counted)} not tested before`);
  if (findingsFirstSeen > 0) words.push(`${counted(findingsFirstSeen, 'finding')} not looked for before`);
  return words.join('; ');
}

function hostOf({ host }: Change): string {
  return host;
}
