import yargs, { type Argv } from 'yargs';
import { nearest } from '../config/nearest.ts';
import { PortlogError } from '../errors.ts';
import {
  DIFF_OPTIONS,
  EXPOSURE_OPTIONS,
  INVENTORY_OPTIONS,
  type Option,
  REPLAY_OPTIONS,
  RUN_OPTIONS,
  SCAN_OPTIONS,
  SETUP_OPTIONS,
  SHIP_OPTIONS,
  type Values,
  WATCH_OPTIONS,
} from './options.ts';

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
  | { readonly command: 'exposure'; readonly values: Values; readonly task: string; readonly scan: string | undefined }
  | { readonly command: 'replay'; readonly values: Values }
  | { readonly command: 'check'; readonly values: Values }
  | { readonly command: 'text'; readonly text: string };

type Options = Readonly<Record<string, Option>>;

/** The options of each command; those of `setup` that name a server are the same as for shipping. */
export const COMMAND_OPTIONS = {
  ship: SHIP_OPTIONS,
  scan: { ...SHIP_OPTIONS, ...SCAN_OPTIONS },
  check: { ...SHIP_OPTIONS, ...SCAN_OPTIONS },
  watch: { ...WATCH_OPTIONS, ...SHIP_OPTIONS },
  run: { ...RUN_OPTIONS, ...SCAN_OPTIONS, ...SHIP_OPTIONS },
  status: only(SHIP_OPTIONS, ['config', 'state-dir', 'json']),
  diff: { ...DIFF_OPTIONS, ...only(SHIP_OPTIONS, ['site', 'config', 'state-dir', 'quiet']) },
  exposure: { ...EXPOSURE_OPTIONS, ...only(SHIP_OPTIONS, ['exposure', 'site', 'config', 'state-dir', 'quiet']) },
  inventory: { ...INVENTORY_OPTIONS, ...only(SHIP_OPTIONS, ['site', 'config', 'state-dir', 'quiet']) },
  replay: {
    ...REPLAY_OPTIONS,
    ...without(SHIP_OPTIONS, [
      'format',
      'all',
      'again',
      'changes',
      'confirm-scans',
      'mass-change',
      'intel-dir',
      'exposure',
      'spool-max-mib',
      'spool-when-full',
    ]),
  },
  setup: { ...SETUP_OPTIONS, 'ca-file': SHIP_OPTIONS['ca-file'], 'quiet': SHIP_OPTIONS.quiet, 'verbose': SHIP_OPTIONS.verbose },
} as const satisfies Record<string, Options>;

function without<O extends Options, Name extends keyof O>(options: O, names: readonly Name[]): Omit<O, Name> {
  return Object.fromEntries(Object.entries(options).filter(([name]) => !(names as readonly string[]).includes(name))) as Omit<O, Name>;
}

function only<O extends Options, Name extends keyof O>(options: O, names: readonly Name[]): Pick<O, Name> {
  return Object.fromEntries(names.map((name) => [name, options[name]])) as Pick<O, Name>;
}

/** Throws a PortlogError `usage` for anything that cannot be meant. */
export async function parseArguments(args: readonly string[], version: string): Promise<Request> {
  let request: Request | undefined;
  const choose = (chosen: Request): void => void (request = chosen);
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
      'watch <directories..>',
      'ship each finished scan that appears in a directory, once',
      (y) => add(y, COMMAND_OPTIONS.watch).positional('directories', { type: 'string', array: true }),
      (argv) => {
        choose({ command: 'watch', values: valuesOf(argv, COMMAND_OPTIONS.watch), directories: strings(argv['directories']) });
      },
    )
    .command(
      'run',
      'scan and watch unattended, as the schedules and directories of the configuration say',
      (y) => add(y, COMMAND_OPTIONS.run),
      (argv) => {
        choose({ command: 'run', values: valuesOf(argv, COMMAND_OPTIONS.run) });
      },
    )
    .command(
      'status',
      'last and next scans, what waits on disk, what was rejected',
      (y) => add(y, COMMAND_OPTIONS.status),
      (argv) => {
        choose({ command: 'status', values: valuesOf(argv, COMMAND_OPTIONS.status) });
      },
    )
    .command(
      'diff <scans..>',
      'what changed between two scans, OLD and NEW; or between what is known, and one scan',
      (y) => add(y, COMMAND_OPTIONS.diff).positional('scans', { type: 'string', array: true }),
      (argv) => {
        const [first, second, ...more] = strings(argv['scans']);
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
        choose({ command: 'inventory', values: valuesOf(argv, COMMAND_OPTIONS.inventory) });
      },
    )
    .command(
      'exposure <task> [scan]',
      'what is meant to be open: init writes it down from a scan, or from what is known; check compares a scan',
      (y) => add(y, COMMAND_OPTIONS.exposure).positional('task', { type: 'string' }).positional('scan', { type: 'string' }),
      (argv) => {
        const [scan] = strings(argv['scan']);
        choose({ command: 'exposure', values: valuesOf(argv, COMMAND_OPTIONS.exposure), task: String(argv['task']), scan });
      },
    )
    .command(
      'replay',
      'send what waits on disk because a sink was down',
      (y) => add(y, COMMAND_OPTIONS.replay),
      (argv) => {
        choose({ command: 'replay', values: valuesOf(argv, COMMAND_OPTIONS.replay) });
      },
    )
    .command(
      'setup <target>',
      'install templates, dashboards and alert rules into: elasticsearch, opensearch, opensearch-dashboards, kibana, grafana, loki, wazuh, wazuh-dashboard',
      (y) => add(y, COMMAND_OPTIONS.setup).positional('target', { type: 'string' }),
      (argv) => {
        choose({ command: 'setup', values: valuesOf(argv, COMMAND_OPTIONS.setup), target: String(argv['target']) });
      },
    )
    .command(
      'check',
      'try configuration, nmap, state directory and every sink',
      (y) => add(y, COMMAND_OPTIONS.check),
      (argv) => {
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
    .wrap(100)
    .exitProcess(false)
    .showHelpOnFail(false)
    .fail((message, error) => {
      throw error ?? usageError(message, args);
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

/** yargs says what is wrong; we add the nearest option that there is. */
function usageError(message: string, args: readonly string[]): PortlogError {
  const unknown = /^Unknown arguments?: (.+)$/.exec(message)?.[1]?.split(', ')[0];
  if (unknown === undefined) return new PortlogError('usage', message.split('\n').join(' '), { hint: 'portlog --help' });
  if (args[0] === 'scan' && !args.includes('--'))
    return new PortlogError('usage', `there is no option ${unknown.length === 1 ? '-' : '--'}${unknown}`, {
      hint: "put nmap's arguments behind --: portlog scan -- -sV 192.0.2.0/24",
    });
  const command = args.find((arg): arg is keyof typeof COMMAND_OPTIONS => Object.hasOwn(COMMAND_OPTIONS, arg)) ?? 'ship';
  if (Object.values(COMMAND_OPTIONS).some((options) => Object.hasOwn(options, unknown)))
    return new PortlogError('usage', `portlog ${command} has no option --${unknown}`, { hint: `portlog ${command} --help shows those that it has` });
  const guess = nearest(unknown, Object.keys(COMMAND_OPTIONS[command]));
  return new PortlogError('usage', `there is no option --${unknown}`, { hint: guess === undefined ? 'portlog --help' : `did you mean --${guess}?` });
}
