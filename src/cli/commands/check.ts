import { systemClock } from '../../core/clock.ts';
import { dirname } from 'node:path';
import { type Environment, nmapEnvironment } from '../../core/environment.ts';
import type { Settings } from '../../config/settings.ts';
import { EXIT, type ExitCode, PortlogError } from '../../core/errors.ts';
import { Intel } from '../../finding/intel.ts';
import { filterText } from '../../sink/only.ts';
import { createSink } from '../../sink/registry.ts';
import { shownTarget } from '../../sink/shown.ts';
import type { Diagnosis } from '../../sink/sink.ts';
import type { SinkOptions } from '../../sink/kinds.ts';
import { captureOutput } from '../../core/child.ts';
import { reasonOf } from '../../core/reason.ts';
import { isFolder } from '../../core/stat-of.ts';
import { timeLimit } from '../../core/deadline.ts';
import { targetProblem } from '../../source/nmap-targets.ts';
import type { Schedule } from '../../unattended/schedule.ts';
import { scansIn } from '../../source/directory.ts';
import { diagnose, finding, type SinkDiagnosis } from '../session/diagnose.ts';
import { counted } from '../../event/text.ts';
import { printLines } from '../session/terminal.ts';
import { duplicateSinkProblem } from '../session/duplicate-sinks.ts';
import { checkContent } from '../session/check-content.ts';
import { checkState } from '../session/check-state.ts';
import { type CommandContext, settingsOf, text } from '../session/context.ts';
import type { Command } from '../command.ts';
import { checkMetricsFile } from '../session/metrics.ts';
import { refuseSinksThatOverwrite } from '../session/overwritten.ts';
import { SCAN_OPTIONS, SHIP_OPTIONS } from '../session/options.ts';
import { refuseExtraWords } from '../session/words.ts';

/** `portlog check`: configuration, nmap, state directory, and every sink, without writing anything. */
export const check: Command = {
  name: 'check',
  summary: 'test the configuration, nmap, the state directory and every sink',
  usage: ['check [options]'],
  about: ['It sends no events and changes nothing.'],
  options: { ...SHIP_OPTIONS, ...SCAN_OPTIONS },
  examples: [{ line: 'portlog check --config portlog.yaml', about: 'before the first scan' }],
  exits: { 0: 'no errors' },
  run: checkAll,
};

async function checkAll(context: CommandContext, words: readonly string[]): Promise<ExitCode> {
  refuseExtraWords(words, 'check');
  const settings = await settingsOf(context);
  await refuseSinksThatOverwrite(context, settings, []);
  await checkMetricsFile(context, settings);
  const found: Diagnosis[] = [{ level: 'ok', message: `configuration: site "${settings.event.site}", ${counted(settings.sinks.length, 'sink')}` }];
  found.push(await checkNmap(text(context.values, 'nmap') ?? 'nmap', context.env), ...checkState(settings));
  found.push(...checkIntel(settings), ...(await checkJobs(context)), ...(await checkMetrics(settings)));
  // In parallel, so that one without an answer does not delay the others.
  const [sinks, content] = await Promise.all([
    Promise.all(settings.sinks.filter(({ type }) => type !== 'stdout').map(checkSink)),
    checkContent(context, settings.sinks),
  ]);
  const duplicates = await checkDuplicateSinks(settings.sinks);
  found.push(...sinks.flatMap((sink) => sink.found), ...duplicates, ...content.filter((one) => !isRepetition(one, sinks)));
  for (const { level, message, hint } of found) {
    await printLines(context.terminal, [`${level.padEnd(7)} ${message}`, ...(hint === undefined ? [] : [`        → ${hint}`])]);
  }
  const codes = [...sinks.flatMap(({ code }) => code ?? []), ...duplicates.map(() => EXIT.usage)];
  if (codes.includes(EXIT.usage)) return EXIT.usage;
  return codes.at(-1) ?? (found.some(({ level }) => level === 'error') ? EXIT.state : EXIT.delivered);
}

/** Whether a server that is also a sink has failed for the reason that is told of the sink: it is down. */
function isRepetition({ message }: Diagnosis, sinks: readonly SinkDiagnosis[]): boolean {
  return sinks.some(({ found }) => found.some((one) => one.level === 'error' && message.endsWith(`: ${one.message}`)));
}

/** A snapshot that cannot be read ends a run before it begins, so it is an error here. */
function checkIntel({ intelDir }: Settings): readonly Diagnosis[] {
  if (intelDir === undefined) return [];
  const warnings = new Intel(intelDir).warnings(systemClock.now());
  if (warnings.length === 0) return [{ level: 'ok', message: `KEV and EPSS snapshots: ${intelDir}` }];
  return warnings.map((message) => ({ level: 'warning', message, hint: 'docs/how-to/intel.md says where newer ones come from' }));
}

/** Checks the address for metrics. Whether the port is free is only known to `run` and `watch`, one of which may be using it. */
async function checkMetrics({ metrics: { listen, file } }: Settings): Promise<readonly Diagnosis[]> {
  const found = file === undefined ? [] : checkFolderOf(file);
  if (listen === undefined) return found;
  const [{ listenAddress }, { refuseAddress }] = await Promise.all([import('../../metrics/listen-address.ts'), import('../../metrics/endpoint.ts')]);
  const { host, port } = listenAddress(listen);
  await refuseAddress(host);
  return [...found, { level: 'ok', message: `metrics would be served on ${host}, port ${port}` }];
}

/** Only a warning, because at the end of a run a metrics file that cannot be written is only reported. */
function checkFolderOf(file: string): readonly Diagnosis[] {
  const folder = dirname(file);
  if (isFolder(folder)) return [];
  const message = `metrics could not be written to ${file}: there is no directory ${folder}`;
  return [{ level: 'warning', message, hint: 'make it, or name another file' }];
}

/** When schedules are due next; whether directories can be watched. */
async function checkJobs({ values, config }: CommandContext): Promise<readonly Diagnosis[]> {
  const { schedules = [], directories = [] } = await config();
  if (schedules.length + directories.length === 0) return [];
  const { schedulesOf } = await import('../../unattended/schedule.ts');
  const found = schedulesOf({ schedules }, text(values, 'config')).flatMap(checkSchedule);
  for (const { path } of directories) found.push(await checkDirectory(path));
  return found;
}

function checkSchedule({ name, timetable, nmapArgs }: Schedule): readonly Diagnosis[] {
  const next = `schedule ${name}: next ${new Date(timetable.next(systemClock.now())).toISOString()}`;
  const problem = targetProblem(nmapArgs);
  if (problem === undefined) return [{ level: 'ok', message: next }];
  return [
    {
      level: 'warning',
      message: `${next}, but ${problem}`,
      hint: 'write options and targets under nmap, one list item each: [-sV, 192.0.2.0/24]',
    },
  ];
}

async function checkDirectory(path: string): Promise<Diagnosis> {
  try {
    const names = await scansIn(path);
    return { level: 'ok', message: `directory ${path}: ${counted(names.length, 'file')} ending in .xml or .xml.gz` };
  } catch (error) {
    if (!(error instanceof PortlogError)) throw error;
    return finding('warning', error);
  }
}

/** For nmap and local checks, which answer at once or never. */
const LOCAL_TIMEOUT_MS = 60_000;

async function checkSink(options: SinkOptions): Promise<SinkDiagnosis> {
  const sink = await createSink(options);
  try {
    const { found, code } = await diagnose(sink, timeLimit('timeoutMs' in options ? options.timeoutMs : LOCAL_TIMEOUT_MS));
    return { found: [...found, ...filterOf(options)], code };
  } finally {
    await sink.close();
  }
}

/** Which events a sink gets, if not all. */
function filterOf(options: SinkOptions): readonly Diagnosis[] {
  const { type, target } = options;
  const bounds = filterText(options);
  return bounds === undefined ? [] : [{ level: 'ok', message: `${type}${target === undefined ? '' : `=${shownTarget(target)}`} gets ${bounds}` }];
}

/** Whether all sinks can be distinguished. */
async function checkDuplicateSinks(options: readonly SinkOptions[]): Promise<readonly Diagnosis[]> {
  const sinks = await Promise.all(options.filter(({ type }) => type !== 'stdout').map((one) => createSink(one)));
  await Promise.all(sinks.map((sink) => sink.close()));
  const problem = duplicateSinkProblem(sinks);
  return problem === undefined ? [] : [finding('error', problem)];
}

async function checkNmap(program: string, env: Environment): Promise<Diagnosis> {
  try {
    const [first = ''] = (await captureOutput([program, '--version'], nmapEnvironment(env))).split('\n');
    const version = first.replace(/ \( [^()]* \)$/, '');
    if (process.getuid?.() !== 0) return { level: 'ok', message: version };
    return {
      level: 'warning',
      message: `${version} would run as root here, with its scripts, on answers of untrusted hosts`,
      hint: 'it only needs the right to send raw packets: docs/how-to/scan.md shows how to give that to another user',
    };
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    const message = isMissing ? `there is no program "${program}"` : `${program} could not be run: ${reasonOf(error)}`;
    return { level: 'warning', message, hint: 'only portlog scan and schedules need it' };
  }
}
