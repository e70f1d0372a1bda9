import yargs, { type Argv } from 'yargs';
import { PortlogError } from '../core/errors.ts';
import { refuseOddWords, usageError, withoutHelp } from './mistyped.ts';
import { COMMAND_OPTIONS, type Options } from './command-options.ts';
import type { Values } from './options.ts';

/** What the user asked for. `text` is help or the version, to be printed. */
export type Request =
  | { readonly command: 'ship'; readonly values: Values; readonly files: readonly string[] }
  | { readonly command: 'scan'; readonly values: Values; readonly nmapArgs: readonly string[] }
  | { readonly command: 'watch'; readonly values: Values; readonly directories: readonly string[] }
  | { readonly command: 'run'; readonly values: Values }
  | { readonly command: 'status'; readonly values: Values }
  | { readonly command: 'setup'; readonly values: Values; readonly target: string }
  | { readonly command: 'diff'; readonly values: Values; readonly old: string | undefined; readonly newer: string }
  | { readonly command: 'inventory'; readonly values: Values }
  | { readonly command: 'findings'; readonly values: Values }
  | { readonly command: 'report'; readonly values: Values; readonly scans: readonly string[] }
  | { readonly command: 'exposure'; readonly values: Values; readonly task: string; readonly scan: string | undefined }
  | { readonly command: 'replay'; readonly values: Values }
  | { readonly command: 'check'; readonly values: Values }
  | { readonly command: 'text'; readonly text: string };

const SETUP_TARGETS = 'elasticsearch, opensearch, opensearch-dashboards, kibana, grafana, loki, wazuh, wazuh-dashboard';

/** Throws a PortlogError `usage` for anything that cannot be meant. */
export async function parseArguments(given: readonly string[], version: string): Promise<Request> {
  const args = withoutHelp(given);
  refuseOddWords(args);
  let request: Request | undefined;
  const choose = (chosen: Request): void => void (request = chosen);
  /** The words of a command that takes no more of them than it has named. */
  const noMore = (command: string, argv: Readonly<Record<string, unknown>>): void => {
    const [surplus] = [...strings(argv['_']).slice(1), ...strings(argv['--'])];
    if (surplus !== undefined)
      throw new PortlogError('usage', `portlog ${command} does not know what to do with "${surplus}"`, { hint: `portlog ${command} --help` });
  };
  const parser = yargs()
    .scriptName('portlog')
    .usage('Turns nmap scans into SIEM events.\n\n  nmap -v -sV -oX - 192.0.2.0/24 | portlog --to elasticsearch=https://es:9200')
    .command(
      ['ship [files..]', '$0'],
      'read scans (FILE…, - or a pipe; .gz too) and ship them',
      (y) => add(y, COMMAND_OPTIONS.ship).positional('files', { type: 'string', array: true }),
      (argv) => {
        choose({ command: 'ship', values: valuesOf(argv, COMMAND_OPTIONS.ship), files: [...strings(argv['files']), ...strings(argv['--'])] });
      },
    )
    .command(
      'scan',
      'run nmap and ship each host as it completes: portlog scan -- NMAP-ARGS…',
      (y) => add(y, COMMAND_OPTIONS.scan),
      (argv) => {
        choose({ command: 'scan', values: valuesOf(argv, COMMAND_OPTIONS.scan), nmapArgs: [...strings(argv['_']).slice(1), ...strings(argv['--'])] });
      },
    )
    .command(
      'watch [directories..]',
      'ship each finished scan that appears in a directory, once',
      (y) => add(y, COMMAND_OPTIONS.watch).positional('directories', { type: 'string', array: true }),
      (argv) => {
        const directories = [...strings(argv['directories']), ...strings(argv['--'])];
        needed(directories[0], 'watch', 'a directory');
        choose({ command: 'watch', values: valuesOf(argv, COMMAND_OPTIONS.watch), directories });
      },
    )
    .command(
      'run',
      'scan and watch unattended, as the schedules and directories of the configuration say',
      (y) => add(y, COMMAND_OPTIONS.run),
      (argv) => {
        noMore('run', argv);
        choose({ command: 'run', values: valuesOf(argv, COMMAND_OPTIONS.run) });
      },
    )
    .command(
      'status',
      'last and next scans, what waits on disk, what was rejected',
      (y) => add(y, COMMAND_OPTIONS.status),
      (argv) => {
        noMore('status', argv);
        choose({ command: 'status', values: valuesOf(argv, COMMAND_OPTIONS.status) });
      },
    )
    .command(
      'diff [scans..]',
      'what changed between two scans, OLD and NEW; or between what is known, and one scan',
      (y) => add(y, COMMAND_OPTIONS.diff).positional('scans', { type: 'string', array: true }),
      (argv) => {
        const [first, second, ...more] = [...strings(argv['scans']), ...strings(argv['--'])];
        if (first === undefined || more.length > 0)
          throw new PortlogError('usage', 'portlog diff compares two scans, or one with what is known', { hint: 'portlog diff OLD NEW' });
        const [old, newer] = second === undefined ? [undefined, first] : [first, second];
        choose({ command: 'diff', values: valuesOf(argv, COMMAND_OPTIONS.diff), old, newer });
      },
    )
    .command(
      'inventory',
      'what is known now: hosts, ports, services, since when',
      (y) => add(y, COMMAND_OPTIONS.inventory),
      (argv) => {
        noMore('inventory', argv);
        choose({ command: 'inventory', values: valuesOf(argv, COMMAND_OPTIONS.inventory) });
      },
    )
    .command(
      'findings',
      'what is wrong now: weaknesses of the hosts that are known',
      (y) => add(y, COMMAND_OPTIONS.findings),
      (argv) => {
        noMore('findings', argv);
        choose({ command: 'findings', values: valuesOf(argv, COMMAND_OPTIONS.findings) });
      },
    )
    .command(
      'report [scans..]',
      'one page to hand over: what is open, wrong and changed',
      (y) => add(y, COMMAND_OPTIONS.report).positional('scans', { type: 'string', array: true }),
      (argv) => {
        choose({ command: 'report', values: valuesOf(argv, COMMAND_OPTIONS.report), scans: [...strings(argv['scans']), ...strings(argv['--'])] });
      },
    )
    .command(
      'exposure [task] [scan]',
      'what is meant to be open: init writes it down from a scan, or from what is known; check compares a scan',
      (y) => add(y, COMMAND_OPTIONS.exposure).positional('task', { type: 'string' }).positional('scan', { type: 'string' }),
      (argv) => {
        noMore('exposure', argv);
        const [scan] = strings(argv['scan']);
        choose({
          command: 'exposure',
          values: valuesOf(argv, COMMAND_OPTIONS.exposure),
          task: needed(argv['task'], 'exposure', 'a task: init or check'),
          scan,
        });
      },
    )
    .command(
      'replay',
      'send what waits on disk because a sink was down',
      (y) => add(y, COMMAND_OPTIONS.replay),
      (argv) => {
        noMore('replay', argv);
        choose({ command: 'replay', values: valuesOf(argv, COMMAND_OPTIONS.replay) });
      },
    )
    .command(
      'setup [target]',
      `install templates, dashboards and alert rules into: ${SETUP_TARGETS}`,
      (y) => add(y, COMMAND_OPTIONS.setup).positional('target', { type: 'string' }),
      (argv) => {
        noMore('setup', argv);
        choose({
          command: 'setup',
          values: valuesOf(argv, COMMAND_OPTIONS.setup),
          target: needed(argv['target'], 'setup', `a target: ${SETUP_TARGETS}`),
        });
      },
    )
    .command(
      'check',
      'try configuration, nmap, state directory and every sink',
      (y) => add(y, COMMAND_OPTIONS.check),
      (argv) => {
        noMore('check', argv);
        choose({ command: 'check', values: valuesOf(argv, COMMAND_OPTIONS.check) });
      },
    )
    .example('portlog scan.xml', 'show a scan as a table')
    .example('portlog scan.xml | jq .', 'as ECS events, one a line')
    .example('portlog --to elasticsearch=https://es:9200 *.xml.gz', 'ship several')
    .example('portlog scan --to elasticsearch=https://es:9200 -- -sV -p- 192.0.2.7', 'scan and ship')
    .epilogue(
      'Every option also as PORTLOG_NAME, or in --config FILE. Secrets: PORTLOG_ELASTICSEARCH_API_KEY,\n_USER and _PASSWORD, PORTLOG_LOKI_…, each also with _FILE or _COMMAND.\nExit: 0 delivered, 1 partly, 2 usage, 3 no input, 4 state, 5 sink down, 130 interrupted.',
    )
    .parserConfiguration({
      'populate--': true,
      'camel-case-expansion': false,
      'boolean-negation': true,
      'dot-notation': false,
      'duplicate-arguments-array': true,
      'parse-positional-numbers': false,
    })
    .strictOptions()
    .help()
    .alias('help', 'h')
    .version(version)
    .alias('version', 'V')
    .wrap(80)
    .exitProcess(false)
    .showHelpOnFail(false)
    .fail((message, error) => {
      throw error instanceof PortlogError ? error : usageError(message ?? error.message, args);
    });
  const text = await new Promise<string>((resolve, reject) => {
    Promise.resolve(
      parser.parseAsync(args.map(marked), {}, (error: Error | undefined, _argv: unknown, output: string) =>
        error ? reject(error) : resolve(output),
      ),
    ).catch(reject);
  });
  return text === '' && request !== undefined ? request : { command: 'text', text };
}

function add(y: Argv, options: Options): Argv {
  for (const [name, { type, about, value, choices, alias, group }] of Object.entries(options)) {
    y.option(name, {
      type: type === 'boolean' ? 'boolean' : type === 'number' ? 'number' : 'string',
      describe: value === undefined ? about : `${about} [${value}]`,
      group: `${group}:`,
      ...(type === 'boolean' ? {} : { nargs: 1, requiresArg: true }),
      ...(choices === undefined ? {} : { choices }),
      ...(alias === undefined ? {} : { alias }),
    });
  }
  return y;
}

function valuesOf(argv: Readonly<Record<string, unknown>>, options: Options): Values {
  const values: Record<string, Values[string]> = {};
  for (const [name, { type }] of Object.entries(options)) {
    const given = argv[name];
    if (given === undefined) continue;
    if (strings(given).includes('')) throw new PortlogError('usage', `--${name} got an empty word`, { hint: 'a variable of the shell may be empty' });
    if (type === 'list') values[name] = strings(given);
    else if (Array.isArray(given)) throw new PortlogError('usage', `--${name} was given twice`);
    else values[name] = given as Values[string];
  }
  return values;
}

function strings(value: unknown): readonly string[] {
  return value === undefined ? [] : (Array.isArray(value) ? value : [value]).map((one) => (one === DASH ? '-' : String(one)));
}

/** yargs drops a `-` among positional arguments; it must not be lost on the way. */
const DASH = '\u0000-';

function marked(word: string): string {
  return word === '-' ? DASH : word;
}

/** A word that the command cannot do without. */
function needed(word: unknown, command: string, what: string): string {
  if (word === undefined) throw new PortlogError('usage', `portlog ${command} needs ${what}`, { hint: `portlog ${command} --help` });
  return strings(word)[0] ?? '';
}
