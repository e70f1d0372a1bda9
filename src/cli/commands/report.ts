import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../core/clock.ts';
import type { Settings } from '../../config/settings.ts';
import { reasonOf } from '../../core/reason.ts';
import { openStore } from '../../state/open-store.ts';
import { knownSites } from '../../state/sites.ts';
import { EXIT, type ExitCode, PortlogError } from '../../core/errors.ts';
import type { InputReport } from '../../pipeline/input-report.ts';
import type { ReportFacts } from '../../report/facts.ts';
import { gather } from '../../report/gather.ts';
import { html } from '../../report/html.ts';
import { markdown } from '../../report/markdown.ts';
import { csv, json } from '../../report/rows.ts';
import { scansSink } from '../../report/scans.ts';
import { ship } from '../../pipeline/ship.ts';
import { fileSource } from '../../source/file.ts';
import { stdinSource } from '../../source/stdin.ts';
import { refuseOverwriting } from '../session/overwritten.ts';
import { exitCode } from '../session/report/exit-code.ts';
import { printInputs } from '../session/report/summary.ts';
import { sinceOf } from '../session/since.ts';
import { sitesToShow } from '../session/sites.ts';
import { print } from '../session/terminal.ts';
import { writeWhole } from '../session/write-whole.ts';
import { chosen, type CommandContext, settingsOf, text } from '../session/context.ts';
import { withKnown } from '../session/known-state.ts';
import { type Command, NOTHING_SENT } from '../command.ts';
import { only, SHIP_OPTIONS, SITE_OPTION } from '../session/options.ts';

const FORMATS: Readonly<Record<'html' | 'markdown' | 'csv' | 'json', (facts: ReportFacts) => Iterable<string>>> = { html, markdown, csv, json };
const DEFAULT_SINCE = '7d';

/** `portlog report [SCAN…]`: a file for people about what is known, or about scans alone. */
export const report: Command = {
  name: 'report',
  summary: 'write a report: what is open, what is wrong, what changed',
  usage: ['report [options] [SCAN…]'],
  about: ['Without SCAN the report covers the known state; with scans, those alone, oldest first.'],
  words: 'files',
  options: {
    format: {
      type: 'string',
      choices: ['html', 'markdown', 'csv', 'json'],
      group: 'What',
      about: 'an HTML page, Markdown tables for a ticket, or rows for a program',
      byDefault: 'html',
    },
    output: { type: 'string', value: 'FILE', alias: 'o', group: 'Where to', about: 'file to write', byDefault: 'standard output' },
    since: { type: 'string', value: 'WHEN', group: 'What', about: 'changes since a date, or of the last 24h, 7d', byDefault: '7d' },
    ...SITE_OPTION,
    ...only(SHIP_OPTIONS, ['exposure', 'config', 'state-dir']),
  },
  examples: [
    { line: 'portlog report --output report.html', about: 'the known state' },
    { line: 'portlog report --format markdown monday.xml tuesday.xml', about: 'two scans, for a ticket' },
  ],
  exits: { ...NOTHING_SENT, 0: 'written', 1: 'written, but part of the input could not be read' },
  run: makeReport,
};

async function makeReport(context: CommandContext, scans: readonly string[]): Promise<ExitCode> {
  const { values, terminal } = context;
  const render = chosen(values, 'format', FORMATS, 'html');
  const output = text(values, 'output');
  if (render === html && output === undefined && terminal.stdout.isTTY === true)
    throw new PortlogError('usage', 'a report in HTML is for a browser, not for a terminal', { hint: 'portlog report --output report.html' });
  const settings = await settingsOf(context);
  if (output !== undefined) await refuseOverwriting(context, settings, output, scans);
  const { facts, code } = scans.length === 0 ? await reportOfKnown(context, settings) : await ofScans(context, settings, scans);
  if (facts === undefined) return code;
  await put(context, output, render(facts));
  return code;
}

interface Made {
  readonly facts: ReportFacts | undefined;
  readonly code: ExitCode;
}

async function reportOfKnown({ values, log, config }: CommandContext, { stateDir }: Settings): Promise<Made> {
  const now = systemClock.now();
  const since = sinceOf(text(values, 'since') ?? DEFAULT_SINCE, now);
  const configured = await config();
  const facts = await withKnown(stateDir, log, async (database) => ({
    scans: [],
    ...gather(database, { now, sites: sitesToShow(database, configured, text(values, 'site')), since }),
  }));
  if (facts === undefined) return { facts, code: EXIT.noInput };
  for (const gap of facts.gaps) log.warn(gap);
  return { facts, code: facts.gaps.length === 0 ? EXIT.delivered : EXIT.state };
}

/** Reads the scans into a temporary state: what is open at the end, and what changed between them. */
async function ofScans({ values, log, terminal }: CommandContext, settings: Settings, scans: readonly string[]): Promise<Made> {
  if (text(values, 'since') !== undefined)
    throw new PortlogError('usage', '--since is for a report of what is known', { hint: 'of scans, the report tells what changed between them' });
  const stateDir = mkdtempSync(join(tmpdir(), 'portlog-report-'));
  const clear = (): void => rmSync(stateDir, { recursive: true, force: true });
  process.on('exit', clear);
  const store = openStore(stateDir, 'a report');
  store.database.withoutDurability();
  try {
    const { sink, scans: ended } = scansSink();
    const sources = scans.map((scan) => (scan === '-' ? stdinSource(terminal.stdin) : fileSource(scan, (sentence) => log.info(sentence))));
    const { changes, event, exposure } = settings;
    const findings = { ...settings.findings, exposure };
    const shipped = await ship({ sources, sinks: [sink], store, changes: { ...changes, everywhere: true }, event, findings });
    printInputs(shipped, log);
    const code = exitCode(shipped);
    if (code === EXIT.noInput || code === EXIT.state) return { facts: undefined, code };
    const known = gather(store.database, { now: systemClock.now(), sites: knownSites(store.database), since: undefined, isOfScans: true });
    return { facts: { ...known, scans: ended(), gaps: shipped.inputs.flatMap(gapsOf) }, code };
  } finally {
    store.close();
    clear();
    process.off('exit', clear);
  }
}

/** Gaps, in the words of the messages. */
function gapsOf({ problem, remarks }: InputReport): readonly string[] {
  return problem === undefined ? remarks : [problem.message, ...remarks];
}

async function put({ terminal, log }: CommandContext, path: string | undefined, pieces: Iterable<string>): Promise<void> {
  if (path === undefined) {
    for (const piece of pieces) if (!(await print(terminal, piece))) return;
    return;
  }
  try {
    await writeWhole(path, pieces);
  } catch (cause) {
    throw new PortlogError('usage', `the report could not be written to ${path}: ${reasonOf(cause)}`, {
      hint: 'name another file, in a directory that is there and may be written to',
      cause,
    });
  }
  log.info(`the report is in ${path}`);
}
