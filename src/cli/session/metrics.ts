import { resolve } from 'node:path';
import type { Settings } from '../../config/settings.ts';
import { systemClock } from '../../core/clock.ts';
import { PortlogError } from '../../core/errors.ts';
import { reasonOf } from '../../core/reason.ts';
import { isAlive } from '../../core/process-alive.ts';
import { type Series } from '../../metrics/catalogue.ts';
import type { ZoneOf } from '../../metrics/known-hosts.ts';
import type { MeasuredState } from '../../metrics/measurements.ts';
import { openDatabase } from '../../state/store.ts';
import { type Schedule, schedulesOf } from '../../unattended/schedule.ts';
import type { Service } from '../../unattended/service.ts';
import { type CommandContext, text } from './context.ts';
import { type NamedSink, sinkNames } from './sinks.ts';
import { refuseOverwriting } from './overwritten.ts';
import { writeWhole } from './write-whole.ts';

/** File mode: node_exporter runs as another user. */
const READABLE = 0o644;
const NO_ZONES: ZoneOf = () => undefined;

/** What is measured besides the state. */
interface Configured {
  readonly settings: Settings;
  readonly schedules: readonly Schedule[];
  readonly directories: readonly { readonly path: string }[];
  readonly sinks: readonly NamedSink[];
}

export function subjectOf({ settings, schedules, directories, sinks }: Configured, ofService: readonly Series[] = []): MeasuredState {
  return {
    isAlive,
    sinks,
    schedules,
    directories: directories.map(({ path }) => resolve(path)),
    maxAges: settings.maxAges,
    spoolLimit: settings.spool.maxBytes,
    zoneOf: settings.event.networkOf ?? NO_ZONES,
    ofService,
  };
}

/** Series of the service itself. */
export function serviceSeries({ started, heartbeat, lastReload }: Service): readonly Series[] {
  return [
    { metric: 'portlog_start_timestamp_seconds', labels: {}, value: started / 1000 },
    { metric: 'portlog_loop_silence_seconds', labels: {}, value: heartbeat.silentMs / 1000 },
    { metric: 'portlog_config_last_reload_successful', labels: {}, value: Number(lastReload.isRight) },
    { metric: 'portlog_config_last_reload_success_timestamp_seconds', labels: {}, value: lastReload.success / 1000 },
  ];
}

/** Checks before reading whether the metrics file may be written. Throws `usage`. */
export async function checkMetricsFile(context: CommandContext, settings: Settings, scans: readonly string[] = []): Promise<void> {
  const { file } = settings.metrics;
  if (file === undefined) return;
  if (!file.endsWith('.prom'))
    throw new PortlogError('usage', `--metrics-file ${file}: its name must end in .prom`, { hint: 'node_exporter reads no others' });
  await refuseOverwriting(context, settings, file, scans);
}

/** Writes the metrics file at the end of a command, if one is named. A failure is only reported. */
export async function writeMetrics(context: CommandContext, settings: Settings): Promise<void> {
  const { file } = settings.metrics;
  if (file === undefined) return;
  try {
    const { measureOnce } = await import('../../metrics/measurements.ts');
    const sources = { settings, ...(await jobsIn(context)), sinks: await sinkNames(context, settings) };
    const database = openDatabase(settings.stateDir);
    try {
      await writeWhole(file, [await measureOnce(database, subjectOf(sources), systemClock)], READABLE);
    } finally {
      database.close();
    }
  } catch (error) {
    context.log.warn(`metrics could not be written to ${file}: ${reasonOf(error)}`);
  }
}

/** Schedules and directories of the configuration, whichever command handles them. */
async function jobsIn(context: CommandContext): Promise<Pick<Configured, 'schedules' | 'directories'>> {
  const config = await context.config();
  try {
    return { schedules: schedulesOf(config, text(context.values, 'config')), directories: config.directories ?? [] };
  } catch {
    // Shipping a file must not fail because of an invalid timetable.
    return { schedules: [], directories: config.directories ?? [] };
  }
}
