import type { ExitCode } from '../../core/errors.ts';
import { PortlogError } from '../../core/errors.ts';
import { fileSource } from '../../source/file.ts';
import { stdinSource } from '../../source/stdin.ts';
import { type CommandContext, settingsOf } from '../session/context.ts';
import { shipSources } from '../session/deliver.ts';
import { refuseTableTo } from '../session/sinks.ts';
import type { Command } from '../command.ts';
import { checkMetricsFile, writeMetrics } from '../session/metrics.ts';
import { METRICS_FILE_OPTION, SHIP_OPTIONS } from '../session/options.ts';

/** `portlog [ship] [FILE…]`: reads scans from files or standard input and ships them. */
export const ship: Command = {
  name: 'ship',
  summary: 'read scans and ship them; the default command',
  usage: ['[ship] [options] [FILE…]'],
  about: [
    'FILE is the XML output of nmap (-oX), plain or gzip; - or no FILE is standard input. Without --to, events go to standard output: as a table on a terminal, else as one JSON object per line.',
  ],
  words: 'files',
  options: { ...SHIP_OPTIONS, ...METRICS_FILE_OPTION },
  examples: [
    { line: 'portlog scan.xml', about: 'show a scan as a table' },
    { line: 'portlog scan.xml | jq .', about: 'print ECS events, one per line' },
    { line: 'portlog --to elasticsearch=https://es:9200 *.xml.gz', about: 'ship several scans' },
    { line: 'nmap -v -sV -oX - 192.0.2.0/24 | portlog --to loki=http://localhost:3100', about: 'ship each host as nmap completes it' },
  ],
  run: shipFiles,
};

async function shipFiles(context: CommandContext, files: readonly string[]): Promise<ExitCode> {
  const { stdin } = context.terminal;
  const settings = await settingsOf(context);
  refuseTableTo(context, settings);
  await checkMetricsFile(context, settings, files);
  if (files.length === 0 && stdin.isTTY === true)
    throw new PortlogError('usage', 'there is nothing to read', {
      hint: 'name a file (portlog scan.xml) or pipe a scan in (nmap -v -oX - … | portlog); portlog --help shows more',
    });
  const named = files.length === 0 ? ['-'] : files;
  const sources = named.map((file) => (file === '-' ? stdinSource(stdin) : fileSource(file, (sentence) => context.log.info(sentence))));
  const { code } = await shipSources(context, settings, sources);
  await writeMetrics(context, settings);
  return code;
}
