import { shellWord } from '../../core/shell-word.ts';
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { scanDue } from '../../change/overdue-sites.ts';
import { KnownScans } from '../../change/scans.ts';
import { KnownHosts } from '../../state/known-hosts.ts';
import { knownSites } from '../../state/sites.ts';
import { systemClock } from '../../core/clock.ts';
import type { Config } from '../../config/config.ts';
import type { Settings } from '../../config/settings.ts';
import { isAlive } from '../../core/process-alive.ts';
import { cutInputs } from '../../state/cut-inputs.ts';
import { Runs } from '../../state/runs.ts';
import { hasState, stateFile, waitingSinks } from '../../state/store.ts';
import { Totals } from '../../state/totals.ts';
import { EXIT, type ExitCode, PortlogError } from '../../core/errors.ts';
import { scansIn } from '../../source/directory.ts';
import type { Database } from '../../state/database.ts';
import { type Schedule, schedulesOf } from '../../unattended/schedule.ts';
import { unattendedSince } from '../../unattended/schedule-loop.ts';
import { ScheduledScans } from '../../state/scheduled-scans.ts';
import { failedFiles } from '../../state/file-attempts.ts';
import { seenDirectories, SeenFiles } from '../../state/seen-files.ts';
import { unfinishedFiles } from '../../state/unfinished-files.ts';
import { type Status, statusCode, statusText } from '../session/report/status.ts';
import { statusJson } from '../session/report/status-json.ts';
import { print } from '../session/terminal.ts';
import { type CommandContext, commandContext, settingsOf, text } from '../session/context.ts';
import type { Log } from '../session/log.ts';
import { readState } from '../session/known-state.ts';
import { serviceState } from '../session/service-state.ts';
import { type Command, NOTHING_SENT } from '../command.ts';
import { only, SHIP_OPTIONS } from '../session/options.ts';
import { refuseExtraWords } from '../session/words.ts';

/** `portlog status`: the state at a glance; the exit code says whether something needs attention. Contacts no server. */
export const status: Command = {
  name: 'status',
  summary: 'show last and next scans, and waiting and rejected events',
  usage: ['status [options]'],
  options: only(SHIP_OPTIONS, ['config', 'state-dir', 'json']),
  about: [
    'Without --config and --state-dir it shows your own state or, if you have none, that of the service on this machine. It contacts no server.',
  ],
  examples: [
    { line: 'portlog status --config portlog.yaml', about: 'with schedules and directories' },
    { line: 'sudo -u portlog portlog status', about: 'status of the service' },
  ],
  exits: {
    ...NOTHING_SENT,
    3: undefined,
    0: 'all is well',
    1: 'something needs attention, or nothing has run yet',
    5: 'events wait on disk',
  },
  run: showStatus,
};

async function showStatus(context: CommandContext, words: readonly string[]): Promise<ExitCode> {
  refuseExtraWords(words, 'status');
  const { values, env, log } = context;
  const service = values['config'] === undefined && values['state-dir'] === undefined ? serviceState() : undefined;
  if (service === undefined) return showState(context);
  const options = Object.entries(service.values)
    .map(([name, value]) => `--${name} ${shellWord(String(value))}`)
    .join(' ');
  if (hasOwnState((await settingsOf(context)).stateDir, log)) {
    log.info(`this is your own state; that of the service (${service.from}) is shown by portlog status ${options}`);
    return showState(context);
  }
  log.info(`this is the state of the service (${service.from}); other commands find it with ${options}`);
  return showState(commandContext({ ...values, ...service.values }, { ...env, ...service.env }, context.terminal)).catch((error: unknown) => {
    throw forItsUser(error);
  });
}

/**
 * Whether this user has a state file. HOME may belong to somebody else (`su`, `setpriv`) and not be readable: with a service, that is a
 * warning, not an error.
 */
function hasOwnState(stateDir: string, log: Log): boolean {
  try {
    return hasState(stateDir);
  } catch (error) {
    if (!(error instanceof PortlogError)) throw error;
    log.warn(error.message);
    return false;
  }
}

/** The error when only the service's user may read the state. */
function forItsUser(error: unknown): unknown {
  if (!(error instanceof PortlogError) || !['config-unreadable', 'untrusted', 'state-unusable'].includes(error.code)) return error;
  return new PortlogError(error.code, error.message, { hint: 'ask as the user of the service: sudo -u portlog portlog status', cause: error });
}

async function showState(context: CommandContext): Promise<ExitCode> {
  const { values, terminal, log } = context;
  const settings = await settingsOf(context);
  const config = await context.config();
  const code = await readState(settings.stateDir, async (database) => {
    const found = await statusOf(database, settings, config, text(values, 'config'));
    await print(terminal, values['json'] === true ? `${statusJson(found)}\n` : statusText(found));
    return statusCode(found);
  });
  if (code !== undefined) return code;
  // A mistyped directory looks the same, so monitoring must not see success.
  log.warn(`nothing has run yet: there is no ${stateFile(settings.stateDir)}`);
  return EXIT.partly;
}

async function statusOf(database: Database, { maxAges }: Settings, config: Config, file: string | undefined): Promise<Status> {
  const now = systemClock.now();
  const runs = new Runs(database).open();
  const scans = new ScheduledScans(database);
  return {
    now,
    state: { path: database.path, bytes: statSync(database.path).size },
    running: runs.filter(({ pid, started, tick }) => isAlive(pid, started, tick)),
    lost: runs.filter(({ pid, started, tick }) => !isAlive(pid, started, tick)),
    sites: [...new Set([...knownSites(database), ...maxAges.keys()])].sort().map((site) => siteStatus(database, site, maxAges.get(site), now)),
    schedules: schedulesOf(config, file).map((schedule) => scheduleStatus(scans, schedule, now)),
    directories: await Promise.all(directoriesOf(database, config, now).map((path) => directoryStatus(database, path))),
    sinks: waitingSinks(database),
    givenUp: new Totals(database).givenUp(),
    cut: cutInputs(database, now),
  };
}

function scheduleStatus(scans: ScheduledScans, { name, timetable }: Schedule, now: number): Status['schedules'][number] {
  const last = scans.last(name, isAlive);
  const since = scans.settledUntil(name, timetable.text);
  // Only `run` without --once keeps to the timetable.
  const isKept = last === undefined || timetable.next(last.due - 1) === last.due;
  const isJudged = since !== undefined && isKept && !scans.isRunning(name, isAlive);
  return {
    name,
    timetable: timetable.text,
    last,
    next: timetable.next(now),
    missing: isJudged ? unattendedSince({ timetable }, since, now) : undefined,
  };
}

function siteStatus(database: Database, site: string, maxAgeMs: number | undefined, now: number): Status['sites'][number] {
  return {
    site,
    hosts: new KnownHosts(database, site).count(),
    last: new KnownScans(database, site).lastEnd(now),
    maxAgeMs,
    isOverdue: maxAgeMs !== undefined && now > scanDue(database, site, maxAgeMs, now),
  };
}

/** Configured directories, and those of `portlog watch` that the state knows. */
function directoriesOf(database: Database, { directories = [] }: Config, now: number): readonly string[] {
  return [
    ...new Set([
      ...directories.map(({ path }) => resolve(path)),
      ...seenDirectories(database, now),
      ...[...failedFiles(database), ...unfinishedFiles(database)].map(({ directory }) => directory),
    ]),
  ];
}

async function directoryStatus(database: Database, path: string): Promise<Status['directories'][number]> {
  const problem = await scansIn(path).then(
    () => undefined,
    (error: Error) => error.message,
  );
  return { path, ...new SeenFiles(database, path).summary(), problem, ...unshippedFiles(database, path) };
}

/** Unshipped files of a directory. Each is in one list: a file that failed and has changed since is unfinished, an unchanged one is failed. */
function unshippedFiles(database: Database, path: string): Pick<Status['directories'][number], 'failed' | 'unfinished'> {
  const failed = new Map(failedFiles(database, path).map((file) => [file.name, file]));
  const unfinished = unfinishedFiles(database).filter(({ directory, name, version }) => directory === path && failed.get(name)?.version !== version);
  for (const { name } of unfinished) failed.delete(name);
  return { failed: [...failed.values()], unfinished };
}
