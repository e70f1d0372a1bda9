import { shellWord } from '../../core/shell-word.ts';
import { type ExitCode, PortlogError } from '../../core/errors.ts';
import type { Command } from '../command.ts';
import { type CommandContext, settingsOf } from '../session/context.ts';
import { refuseTableTo } from '../session/sinks.ts';
import { checkMetricsFile, writeMetrics } from '../session/metrics.ts';
import { METRICS_FILE_OPTION, SCAN_OPTIONS, SHIP_OPTIONS } from '../session/options.ts';
import { SCAN } from '../session/words.ts';
import { nmapWords } from '../../nmap/options.ts';
import { existsSync } from 'node:fs';
import { scanAndShip } from '../session/scan-and-ship.ts';

/** `portlog scan -- NMAP-ARGS…`: runs nmap and ships each host as it completes. */
export const scan: Command = {
  name: 'scan',
  summary: 'run nmap and ship each host as it completes',
  usage: ['scan [options] -- NMAP-ARGS…'],
  about: ['NMAP-ARGS are options and targets of nmap, except its output options (-oX and the like).'],
  words: 'nmap arguments',
  options: { ...SHIP_OPTIONS, ...SCAN_OPTIONS, ...METRICS_FILE_OPTION },
  examples: [
    { line: 'portlog scan -- -sV 192.0.2.0/24', about: 'scan, and show a table' },
    { line: 'portlog scan --to elasticsearch=https://es:9200 -- -sV -p- 192.0.2.7', about: 'scan and ship' },
  ],
  run: scanAsAsked,
};

async function scanAsAsked(context: CommandContext, nmapArgs: readonly string[]): Promise<ExitCode> {
  const settings = await settingsOf(context);
  refuseTableTo(context, settings);
  if (nmapArgs.length === 0)
    throw new PortlogError('usage', 'portlog scan needs arguments for nmap', { hint: 'for example: portlog scan -- -sV 192.0.2.0/24' });
  refuseFiles(nmapArgs);
  await checkMetricsFile(context, settings);
  const { code } = await scanAndShip(context, settings, { args: nmapArgs });
  await writeMetrics(context, settings);
  return code;
}

/** Refuses file names among nmap's targets: nmap would look up a host of that name, and scan nothing. */
function refuseFiles(nmapArgs: readonly string[]): void {
  const file = nmapWords(nmapArgs).targets.find((word) => (SCAN.test(word) || word.includes('/')) && existsSync(word));
  if (file === undefined) return;
  const hint = SCAN.test(file)
    ? `to ship a scan that is there: portlog ${shellWord(file)}`
    : `a file of targets: portlog scan -- -iL ${shellWord(file)}; a directory of scans: portlog watch ${shellWord(file)}`;
  throw new PortlogError('usage', `${file} is a file here, and not a target for nmap`, { hint });
}
