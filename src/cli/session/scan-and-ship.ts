import { hostname } from 'node:os';
import { homeFolder, nmapEnvironment } from '../../core/environment.ts';
import { isFile } from '../../core/stat-of.ts';
import type { Settings } from '../../config/settings.ts';
import { EXIT, type ExitCode } from '../../core/errors.ts';
import { inWords } from '../../change/phrases.ts';
import type { ShipReport } from '../../pipeline/ship.ts';
import { quoted } from '../../nmap/command-line.ts';
import { maskArguments, maskOutput } from '../../nmap/mask.ts';
import { targetLists } from '../../source/nmap-targets.ts';
import { type NmapOptions, nmapSource, type NmapSource } from '../../source/nmap.ts';
import type { Interruption } from './signals.ts';
import { type CommandContext, text } from './context.ts';
import { ofShell } from './trust.ts';
import { whatNmapReads } from '../../config/what-nmap-reads.ts';
import { whatRuns } from '../../config/what-runs.ts';
import { shipSources } from './deliver.ts';

/** The result of a scan that portlog ran. */
export interface Scanned {
  readonly code: ExitCode;
  /** Undefined when no sink was ready. */
  readonly report: ShipReport | undefined;
  /** Why there is no finished scan. */
  readonly problem: string | undefined;
}

/** Runs nmap, and ships hosts while it scans. */
export async function scanAndShip(
  context: CommandContext,
  settings: Settings,
  scan: Pick<NmapOptions, 'name' | 'args' | 'limitMs'>,
  interruption?: Interruption,
): Promise<Scanned> {
  const { log, values } = context;
  const program = text(values, 'nmap') ?? 'nmap';
  checkNmap(context, program, scan.args);
  const nmap = nmapSource({
    ...scan,
    program,
    env: nmapEnvironment(context.env),
    onMessage: (line) => {
      if (line.trim() !== '') log.warn(`${nmap.name}: ${maskOutput(line)}`);
    },
  });
  const scannerArgs = ['nmap', ...nmap.args].map(quoted).join(' ');
  log.debug(`running ${maskArguments(scannerArgs)}`);
  const stopped = (): string | undefined => (nmap.wasTooLong() ? `portlog stopped it after ${inWords(scan.limitMs ?? 0)} (maxHours)` : undefined);
  const how = { scannerHost: hostname(), scannerArgs, scannerStopped: stopped, lists: targetLists(scan.args), interruption };
  const { code, report } = await shipSources(context, settings, [nmap], how);
  const failure = failureOf(nmap, stopped());
  if (failure !== undefined && !nmap.wasInterrupted()) log.warn(failure);
  const isOver = failure === undefined || code === EXIT.interrupted;
  return { code: isOver ? code : EXIT.noInput, report, problem: problemOf(report, nmap.wasInterrupted(), failure, stopped()) };
}

/** Checks that no other user decides what nmap does: its program, and the files that it loads. */
function checkNmap({ env, trust }: CommandContext, program: string, args: readonly string[]): void {
  const places = whatRuns([program], ofShell(env));
  for (const path of places) trust.check('the place where nmap is looked for,', path);
  const { there, toCome } = whatNmapReads(args, { program: places.find(isFile), home: homeFolder(), folder: process.cwd(), env });
  for (const path of there) trust.check("nmap's data", path);
  for (const path of toCome) trust.checkFuture("nmap's data", path);
}

/** `stopped`: why portlog stopped it. */
function failureOf(nmap: NmapSource, stopped: string | undefined): string | undefined {
  const { code, signal } = nmap.exit() ?? { code: 0, signal: null };
  if (stopped !== undefined && (signal !== null || code !== 0)) return `${nmap.name}: ${stopped}`;
  if (signal !== null) return `${nmap.name} was ended by ${signal}`;
  return code === 0 ? undefined : `${nmap.name} ended with exit code ${code}`;
}

const STOPPED = 'portlog was stopped while it was running';

/** The reason why there is no finished scan. An error of nmap itself comes first, even if portlog was stopped while events were sent. */
function problemOf(
  report: ShipReport | undefined,
  wasInterrupted: boolean,
  failure: string | undefined,
  stopped: string | undefined,
): string | undefined {
  const [input] = report?.inputs ?? [];
  if (report === undefined) return 'no sink was ready';
  if (input === undefined) return STOPPED;
  // nmap's XML says more than its exit code.
  const remark = input.incomplete + input.failed + input.empty > 0 ? input.remarks.at(-1) : undefined;
  const problem = (stopped !== undefined && input.problem?.code === 'input-not-a-scan' ? stopped : input.problem?.message) ?? remark ?? failure;
  return problem !== undefined && wasInterrupted ? STOPPED : problem;
}
