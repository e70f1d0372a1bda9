import { statSync } from 'node:fs';
import { scanDue } from '../change/overdue-sites.ts';
import { KnownScans } from '../change/scans.ts';
import { knownSites } from '../state/sites.ts';
import type { IsAlive, RunSums } from '../state/runs.ts';
import { Runs } from '../state/runs.ts';
import { sinkKey } from '../state/seen-files.ts';
import { waitingSinks } from '../state/store.ts';
import { type Account, Totals } from '../state/totals.ts';
import { PORTLOG_VERSION } from '../event/context.ts';
import { shownIdentity } from '../sink/shown.ts';
import type { SinkIdentity } from '../sink/sink.ts';
import type { Database } from '../state/database.ts';
import { failedFiles } from '../state/file-attempts.ts';
import type { Schedule } from '../unattended/schedule.ts';
import { ScheduledScans } from '../state/scheduled-scans.ts';
import { unfinishedFiles } from '../state/unfinished-files.ts';
import type { MetricName, Series } from './catalogue.ts';

/** What to measure besides the state. */
export interface MeasureOptions {
  readonly database: Database;
  readonly now: number;
  readonly isAlive: IsAlive;
  /** Configured sinks; sums are shown for these only. */
  readonly sinks: readonly { readonly name: string; readonly identity: SinkIdentity }[];
  readonly schedules: readonly Schedule[];
  /** Absolute paths. */
  readonly directories: readonly string[];
  /** Maximum age of the latest finished scan, by site, in milliseconds. */
  readonly maxAges: ReadonlyMap<string, number>;
  /** Size limit of the spool, in bytes. */
  readonly spoolLimit: number;
}

const FATES = ['delivered', 'already', 'dead', 'spooled', 'discarded', 'withheld'] as const;
const TOTAL: Readonly<Record<Account, MetricName>> = {
  read: 'portlog_events_total',
  own: 'portlog_own_events_total',
  replayed: 'portlog_replayed_events_total',
};

/** All series but those about known hosts, which take longer. What does not exist yet has no series. */
export function measure(options: MeasureOptions): readonly Series[] {
  const { database, spoolLimit } = options;
  return [
    one('portlog_build_info', { version: PORTLOG_VERSION }, 1),
    ...siteSeries(options),
    ...accountSeries(options),
    ...spoolSeries(options),
    one('portlog_spool_limit_bytes', {}, spoolLimit),
    ...options.schedules.flatMap((schedule) => scheduleSeries(schedule, options)),
    ...fileSeries(options),
    one('portlog_state_bytes', {}, statSync(database.path).size),
  ];
}

function siteSeries({ database, maxAges, now }: MeasureOptions): readonly Series[] {
  const sites = [...new Set([...knownSites(database), ...maxAges.keys()])].sort();
  return sites.flatMap((site) => {
    const scans = new KnownScans(database, site);
    const [started, ended, maxAgeMs] = [scans.lastStart(now), scans.lastEnd(now), maxAges.get(site)];
    return [
      ...maybe('portlog_scan_last_start_timestamp_seconds', { site }, seconds(started)),
      ...maybe('portlog_scan_last_end_timestamp_seconds', { site }, seconds(ended)),
      ...maybe('portlog_scan_max_age_seconds', { site }, seconds(maxAgeMs)),
      ...maybe('portlog_site_overdue', { site }, maxAgeMs === undefined ? undefined : Number(now > scanDue(database, site, maxAgeMs, now))),
    ];
  });
}

/** Sums of ended runs, and of what current runs have committed. What is spooled during a run may still be delivered by it. */
function accountSeries({ database, sinks, isAlive }: MeasureOptions): readonly Series[] {
  const totals = new Totals(database);
  const events = totals.events();
  const states = totals.sinks();
  const open = new Runs(database)
    .open()
    .filter(({ pid, started, tick }) => isAlive(pid, started, tick))
    .flatMap(({ sums }) => sums);
  return sinks.flatMap(({ name: sink, identity }) => {
    const key = sinkKey(identity);
    const ended = events.filter((total) => total.sink === key || total.sink === sink);
    const current = open.filter((sums) => (sums.key === undefined ? sums.sink === sink : sums.key === key));
    const of = (account: Account, fate: string): number =>
      ended.filter((total) => total.account === account && total.fate === fate).reduce((sum, total) => sum + total.events, 0) +
      (fate === 'spooled' ? 0 : current.reduce((sum, sums) => sum + soFar(sums, account, fate), 0));
    const state = states.find((one) => one.sink === key) ?? states.find((one) => one.sink === sink);
    const delivered = ended.filter((total) => total.fate === 'delivered').map(({ last }) => last);
    const isDown = current.some((sums) => sums.failing === true);
    return [
      one('portlog_events_read_total', { sink }, of('read', 'read')),
      ...(Object.keys(TOTAL) as Account[]).flatMap((account) => FATES.map((fate) => one(TOTAL[account], { sink, fate }, of(account, fate)))),
      ...maybe('portlog_sink_up', { sink }, isDown ? 0 : state?.isUp === undefined ? undefined : Number(state.isUp)),
      ...maybe('portlog_sink_changed_timestamp_seconds', { sink }, state?.isUp === undefined ? undefined : seconds(state.since)),
      ...maybe('portlog_sink_last_delivery_timestamp_seconds', { sink }, delivered.length === 0 ? undefined : seconds(Math.max(...delivered))),
    ];
  });
}

function soFar({ tally, own, replayed }: RunSums, account: Account, fate: string): number {
  const sums = { read: tally, own, replayed }[account];
  return sums?.[fate as keyof typeof sums] ?? 0;
}

/** Also for sinks that are not configured any more, whose events wait for ever. */
function spoolSeries({ database, sinks }: MeasureOptions): readonly Series[] {
  const waiting = new Map(waitingSinks(database).map((one) => [sinkKey(one.identity), one]));
  const names = new Map(sinks.map(({ name, identity }) => [sinkKey(identity), name]));
  for (const [key, { identity }] of waiting) if (!names.has(key)) names.set(key, shownIdentity(identity));
  return [...names].flatMap(([key, sink]) => {
    const tables = waiting.get(key)?.tables;
    const usage = tables?.spool.usage();
    return [
      one('portlog_spool_events', { sink }, usage?.events ?? 0),
      one('portlog_spool_bytes', { sink }, usage?.bytes ?? 0),
      ...maybe('portlog_spool_oldest_timestamp_seconds', { sink }, seconds(usage?.oldest)),
      one('portlog_dead_letters', { sink }, tables?.deadLetters.count() ?? 0),
    ];
  });
}

function scheduleSeries({ name: schedule, timetable }: Schedule, { database, now, isAlive }: MeasureOptions): readonly Series[] {
  const scans = new ScheduledScans(database);
  const last = scans.last(schedule, isAlive);
  return [
    ...maybe('portlog_schedule_last_due_timestamp_seconds', { schedule }, seconds(last?.due)),
    ...maybe('portlog_schedule_last_success_timestamp_seconds', { schedule }, seconds(scans.lastGood(schedule))),
    ...maybe('portlog_schedule_next_due_timestamp_seconds', { schedule }, seconds(timetable.next(now))),
    one('portlog_schedule_overdue', { schedule }, Number(last?.problem !== undefined)),
    one('portlog_schedule_running', { schedule }, Number(last !== undefined && last.ended === undefined && last.problem === undefined)),
  ];
}

function fileSeries({ database, directories }: MeasureOptions): readonly Series[] {
  const [failed, unfinished] = [failedFiles(database), unfinishedFiles(database)];
  return directories.flatMap((directory) => [
    one('portlog_files_failed', { directory }, failed.filter((file) => file.directory === directory).length),
    one('portlog_files_unfinished', { directory }, unfinished.filter((file) => file.directory === directory).length),
  ]);
}

function one(metric: MetricName, labels: Series['labels'], value: number): Series {
  return { metric, labels, value };
}

function maybe(metric: MetricName, labels: Series['labels'], value: number | undefined): readonly Series[] {
  return value === undefined ? [] : [{ metric, labels, value }];
}

function seconds(milliseconds: number | undefined): number | undefined {
  return milliseconds === undefined ? undefined : milliseconds / 1000;
}
