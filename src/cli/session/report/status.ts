import { inWords } from '../../../change/phrases.ts';
import type { OpenRun } from '../../../state/runs.ts';
import type { CutInput } from '../../../state/cut-inputs.ts';
import type { WaitingSink } from '../../../state/store.ts';
import type { GivenUpSoFar } from '../../../state/totals.ts';
import { EXIT, type ExitCode } from '../../../core/errors.ts';
import { counted, printable, withCommas } from '../../../event/text.ts';
import type { FailedFile } from '../../../state/file-attempts.ts';
import type { UnfinishedFile } from '../../../state/unfinished-files.ts';
import type { ScheduledScan } from '../../../state/scheduled-scans.ts';
import { mostSevere } from './exit-code.ts';
import { iso } from './waiting.ts';
import { shownIdentity } from '../../../sink/shown.ts';
import { sized } from './words.ts';

const HOUR_MS = 3_600_000;
const MAX_FAILED = 20;

/** The status. Times are epoch milliseconds. */
export interface Status {
  readonly now: number;
  /** The state file, and its size in bytes. */
  readonly state: { readonly path: string; readonly bytes: number };
  readonly running: readonly OpenRun[];
  /** Killed runs; the next command that ships reports their sums. */
  readonly lost: readonly OpenRun[];
  readonly sites: readonly SiteStatus[];
  readonly schedules: readonly ScheduleStatus[];
  readonly directories: readonly DirectoryStatus[];
  readonly sinks: readonly WaitingSink[];
  readonly givenUp: readonly GivenUpSoFar[];
  /** Inputs that were read only in part, because a spool was full. */
  readonly cut: readonly CutInput[];
}

interface DirectoryStatus {
  readonly path: string;
  readonly files: number;
  readonly last: number | undefined;
  /** Why it cannot be watched. */
  readonly problem: string | undefined;
  /** Files in it that were not shipped. */
  readonly failed: readonly FailedFile[];
  /** Unfinished files in it. */
  readonly unfinished: readonly UnfinishedFile[];
}

interface SiteStatus {
  readonly site: string;
  readonly hosts: number;
  /** When the latest finished scan ended. */
  readonly last: number | undefined;
  readonly maxAgeMs: number | undefined;
  /** Whether a scan is overdue. */
  readonly isOverdue: boolean;
}

interface ScheduleStatus {
  readonly name: string;
  readonly timetable: string;
  readonly last: ScheduledScan | undefined;
  readonly next: number;
  /** When a scan was due that has not begun, although `portlog run` would have begun it. */
  readonly missing: number | undefined;
}

/** The exit code: waiting events, then any other problem. */
export function statusCode({ lost, sites, schedules, directories, sinks, cut }: Status): ExitCode {
  const waits = sinks.some(({ tables }) => tables.spool.usage().events > 0);
  const isWrong =
    lost.length + cut.length > 0 ||
    sites.some(({ isOverdue }) => isOverdue) ||
    schedules.some(({ last, missing }) => last?.problem !== undefined || missing !== undefined) ||
    directories.some(({ problem, failed }) => problem !== undefined || failed.length > 0) ||
    sinks.some(({ tables }) => tables.deadLetters.count() > 0);
  return mostSevere([waits ? EXIT.sinkDown : EXIT.delivered, isWrong ? EXIT.partly : EXIT.delivered]);
}

/** For people. */
export function statusText(status: Status): string {
  const { now, state, running, lost, sites, schedules, directories, sinks, givenUp, cut } = status;
  const parts: readonly (readonly [heading: string, lines: readonly string[]])[] = [
    ['state', [`${state.path}, ${sized(state.bytes)}`]],
    ['running', running.map(({ pid, started, what }) => `process ${pid} since ${iso(started) ?? ''}: ${what}`)],
    ['lost', lost.map(({ pid, started, what }) => `the run of ${iso(started) ?? ''} (process ${pid}, reading ${what}) was killed or crashed`)],
    ['site', sites.map((site) => siteText(site, now))],
    ['schedule', schedules.map((schedule) => scheduleText(schedule, now))],
    ['directory', directories.flatMap((directory) => directoryText(directory, now))],
    ['sink', sinks.length === 0 ? ['nothing waits, and nothing was rejected'] : sinks.map(sinkText)],
    ['discarded', givenUp.map((one) => givenUpText(one, now))],
    ['cut', cut.map((one) => cutText(one, now))],
  ];
  return parts.flatMap(([heading, lines]) => part(heading, lines)).join('');
}

function part(heading: string, lines: readonly string[]): readonly string[] {
  return lines.map((line, index) => `${(index === 0 ? heading : '').padEnd(10)}${printable(line)}\n`);
}

function siteText({ site, hosts, last, maxAgeMs, isOverdue }: SiteStatus, now: number): string {
  const scan = last === undefined ? 'no finished scan' : `last finished scan ${when(last, now)}`;
  const expected = maxAgeMs === undefined ? '' : `, expected every ${withCommas(maxAgeMs / HOUR_MS)} h${isOverdue ? ': OVERDUE' : ''}`;
  return `${site}: ${counted(hosts, 'host')} known, ${scan}${expected}`;
}

function directoryText({ path, files, last, problem, failed, unfinished }: DirectoryStatus, now: number): readonly string[] {
  const shipped = `${path}: ${counted(files, 'scan')} shipped${last === undefined ? '' : `, the last ${when(last, now)}`}`;
  return [
    problem === undefined ? shipped : `${shipped}; ${problem}`,
    ...failed
      .slice(0, MAX_FAILED)
      .map(({ name, problem: why, isAside }) => `  ${name} was not shipped${isAside ? ', and is set aside' : ''}: ${why}`),
    ...(failed.length > MAX_FAILED ? [`  and ${failed.length - MAX_FAILED} more (--json lists them)`] : []),
    ...unfinished.slice(0, MAX_FAILED).map(({ name, since }) => `  ${name} waits: ${whyItWaits(name)}, unchanged since ${when(since, now)}`),
    ...(unfinished.length > MAX_FAILED ? [`  and ${unfinished.length - MAX_FAILED} more that wait for their end (--json lists them)`] : []),
  ];
}

/** Why a file waits. Compressed files are not examined for their end. */
function whyItWaits(name: string): string {
  return /\.gz$/i.test(name) ? 'somebody may still write to it' : 'it has no end';
}

function scheduleText({ name, timetable, last, next, missing }: ScheduleStatus, now: number): string {
  const before = last === undefined ? 'has not run' : `due ${when(last.due, now)}, ${outcome(last)}`;
  const lacking =
    missing === undefined ? '' : `; the scan of ${when(missing, now)} has not begun: portlog run is not running, or without this schedule`;
  return `${name} (${timetable}): ${before}${lacking}; next ${iso(next) ?? ''}`;
}

function outcome({ started, ended, problem }: ScheduledScan): string {
  if (problem !== undefined) return `did not come: ${problem}`;
  return ended === undefined ? 'scanning now' : `ended well after ${inWords(ended - started)}`;
}

function when(time: number, now: number): string {
  return `${iso(time) ?? ''} (${inWords(now - time)} ago)`;
}

function cutText({ identity, what, time }: CutInput, now: number): string {
  return `${what} was read only in part for ${shownIdentity(identity)}, ${when(time, now)}, because its spool was full: scan or ship it again`;
}

/** What no replay can send. */
function givenUpText({ identity, events, last }: GivenUpSoFar, now: number): string {
  return `${shownIdentity(identity)}: ${counted(events, 'event')} neither delivered nor kept, or purged, so far; the last ${when(last, now)}`;
}

function sinkText(one: WaitingSink): string {
  const { events, oldest } = one.tables.spool.usage();
  const dead = one.tables.deadLetters.count();
  const parts = [
    events > 0 ? `${counted(events, 'event')} ${events === 1 ? 'waits' : 'wait'} since ${iso(oldest) ?? ''}` : undefined,
    dead > 0 ? counted(dead, 'dead letter') : undefined,
  ];
  return `${shownIdentity(one.identity)}: ${parts.filter((text) => text !== undefined).join(', ') || 'nothing waits'} (portlog replay --list)`;
}
