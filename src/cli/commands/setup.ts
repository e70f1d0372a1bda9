import { EXIT, type ExitCode, PortlogError } from '../../core/errors.ts';
import { timeLimit } from '../../core/deadline.ts';
import { createApiKey } from '../../setup/api-key.ts';
import type { Step } from '../../setup/step.ts';
import { planLogFile } from '../../setup/wazuh-log.ts';
import { TARGET_VARIABLE } from '../../setup/rights.ts';
import { type Connection, type Target, type TargetName, TARGETS, targetOf } from '../../setup/targets.ts';
import { doneLine, plannedLine, planLines } from '../session/report/plan.ts';
import { print } from '../session/terminal.ts';
import { connectTo, isPlaced } from '../session/connect.ts';
import { contentOptions } from '../session/content.ts';
import { exportFiles } from '../session/export-files.ts';
import { type CommandContext, number, text } from '../session/context.ts';
import type { Command } from '../command.ts';
import { SHIP_OPTIONS } from '../session/options.ts';
import { neededWord, refuseExtraWords } from '../session/words.ts';

const SETUP_TIMEOUT_MS = 60_000;
/** Repair copies every document of the inventory. */
const REPAIR_TIMEOUT_MS = 3_600_000;
/** Targets that store events: retention and repair apply. */
const STORES: ReadonlySet<string> = new Set(['elasticsearch', 'opensearch']);

/** What is installed on each target, for help. */
const TARGET_SUMMARIES: Readonly<Record<TargetName, string>> = {
  'elasticsearch': 'index templates and ingest pipeline',
  'opensearch': 'index templates and ingest pipeline, retention policy, alerting monitors',
  'opensearch-dashboards': 'dashboards',
  'kibana': 'dashboards and alert rules',
  'elastalert': 'alert rules as files (with --export DIR)',
  'grafana': 'dashboards and alert rules',
  'loki': 'alert rules',
  'wazuh': 'decoder and rules, and the file for the agent',
  'wazuh-dashboard': 'dashboards',
};

/** `portlog setup TARGET`: installs templates, dashboards and rules; never replaces what is not portlog's, or was changed. */
export const setup: Command = {
  name: 'setup',
  summary: 'install templates, dashboards and alert rules',
  usage: ['setup TARGET [options]'],
  tasks: Object.entries(TARGET_SUMMARIES).map(([name, summary]) => ({ name, summary })),
  options: {
    'url': { type: 'string', value: 'URL', group: 'Where to', about: 'address of the server', byDefault: 'its default port on this machine' },
    'namespace': { type: 'string', value: 'NAME', group: 'What', about: 'only events with this data_stream.namespace', byDefault: 'all' },
    'zone': { type: 'list', value: 'ZONE', group: 'What', about: 'alert only about hosts in this zone' },
    'site': {
      type: 'list',
      value: 'NAME[=HOURS]',
      group: 'What',
      about: 'alert when this site has not been scanned for so many hours',
      byDefault: '26',
    },
    'retention-days': {
      type: 'number',
      isWhole: true,
      min: 1,
      value: 'N',
      group: 'What',
      about: 'elasticsearch, opensearch: delete events after N days',
      byDefault: 'never',
    },
    'base-id': { type: 'number', value: 'N', group: 'What', about: 'wazuh: first id of the rules', byDefault: '100700' },
    'detection': {
      type: 'boolean',
      group: 'What',
      about: 'kibana: install detection rules of Elastic Security instead of alert rules',
    },
    'loki-uid': { type: 'string', value: 'UID', group: 'What', about: 'grafana: uid of the Loki data source', byDefault: 'loki' },
    'runbooks': { type: 'string', value: 'URL', group: 'What', about: 'link alerts to the runbooks at URL/<rule>.md' },
    'dashboards': { type: 'string', value: 'URL', group: 'What', about: 'link alerts to the dashboards at this address' },
    'config': { type: 'string', value: 'FILE', group: 'What', about: 'configuration file whose sites and namespace to use' },
    'dry-run': { type: 'boolean', group: 'How', about: 'print what would be done, and change nothing; with --verbose, also what would be sent' },
    'export': { type: 'string', value: 'DIR', group: 'How', about: 'write the files to DIR instead, with a README on how to install them' },
    'force': { type: 'boolean', group: 'How', about: 'overwrite (with --remove: remove) what somebody changed' },
    'repair': {
      type: 'boolean',
      group: 'How',
      about: 'elasticsearch, opensearch: fix wrong field types (new backing indices, a copy of the inventory)',
    },
    'remove': { type: 'boolean', group: 'How', about: 'remove what portlog has installed and nobody changed; events stay' },
    'api-key': { type: 'boolean', group: 'How', about: 'elasticsearch: create and print an API key that may only write these events' },
    'ca-file': SHIP_OPTIONS['ca-file'],
  },
  examples: [
    { line: 'portlog setup elasticsearch --url https://es:9200 --dry-run', about: 'print what would be done' },
    { line: 'portlog setup grafana --export grafana', about: 'files to import by hand' },
  ],
  exits: { 0: 'installed', 1: 'something that somebody changed was left as it is', 3: undefined, 4: undefined, 5: 'the server is down' },
  run: setUp,
};

async function setUp(context: CommandContext, words: readonly string[]): Promise<ExitCode> {
  const name = neededWord(words, 'setup', `a target: ${Object.keys(TARGETS).join(', ')}`);
  refuseExtraWords(words.slice(1), 'setup');
  const target = targetOf(name);
  if (target === undefined)
    throw new PortlogError('usage', `there is nothing to set up for "${name}"`, { hint: `there is: ${Object.keys(TARGETS).join(', ')}` });
  const content = await contentOptions(context);
  const directory = text(context.values, 'export');
  if (directory !== undefined) {
    refuseWithExport(context);
    await exportFiles(context.log, directory, target.files(content));
    return EXIT.delivered;
  }
  refuseForeignOptions(context, name, target);
  if (target === TARGETS.wazuh) await prepareLogFiles(context);
  const connection = {
    ...(await connectTo(context, name, target, content)),
    retentionDays: retention(context, name),
    detection: context.values['detection'] === true,
  };
  if (!(await isPlaced(context, name))) context.log.info(`without --url, this is about ${target.url}`);
  try {
    return await run(context, target, connection);
  } catch (error) {
    throw withVariables(error, name);
  } finally {
    await connection.client.close();
  }
}

/** Refuses what does not go with files: they are written, and no server is asked. */
function refuseWithExport({ values }: CommandContext): void {
  const other = ['dry-run', 'remove', 'repair', 'api-key'].find((name) => values[name] === true);
  if (other !== undefined)
    throw new PortlogError('usage', `--${other} does not go with --export, which writes files and asks no server`, { hint: 'leave one of them out' });
}

/** Refuses what this target cannot do. */
function refuseForeignOptions({ values }: CommandContext, name: string, { hasFilesOnly }: Target): void {
  if (hasFilesOnly === true)
    throw new PortlogError('usage', `${name} takes its rules from files`, { hint: `write them: portlog setup ${name} --export DIR` });
  if (values['repair'] === true && !STORES.has(name)) throw new PortlogError('usage', '--repair is for portlog setup elasticsearch or opensearch');
  if (values['detection'] === true && name !== 'kibana') throw new PortlogError('usage', '--detection is for portlog setup kibana');
  if (values['api-key'] === true && name !== 'elasticsearch')
    throw new PortlogError('usage', '--api-key is for portlog setup elasticsearch', { hint: 'the other servers make their keys themselves' });
}

/** Names the target in the hint of an error, because code that talks to servers does not know whose environment variables apply. */
function withVariables(error: unknown, name: string): unknown {
  if (!(error instanceof PortlogError) || error.hint?.includes(TARGET_VARIABLE) !== true) return error;
  const hint = error.hint.replaceAll(TARGET_VARIABLE, name.toUpperCase().replaceAll('-', '_'));
  return new PortlogError(error.code, error.message, { hint, cause: error.cause });
}

function retention({ values }: CommandContext, name: string): number | undefined {
  const days = number(values, 'retention-days');
  if (days === undefined) return undefined;
  if (!STORES.has(name)) throw new PortlogError('usage', '--retention-days is for portlog setup elasticsearch or opensearch');
  return days;
}

async function run(context: CommandContext, target: Target, connection: Connection): Promise<ExitCode> {
  const { values, log } = context;
  const [isRemoval, repair] = [values['remove'] === true, values['repair'] === true];
  const signal = timeLimit(repair ? REPAIR_TIMEOUT_MS : SETUP_TIMEOUT_MS);
  const plan = { force: values['force'] === true, repair };
  const steps = isRemoval ? await target.planRemoval(connection, plan, signal) : await target.plan(connection, plan, signal);
  if (isRemoval && steps.length === 0) log.info('nothing of portlog is installed there');
  if (values['dry-run'] === true) {
    await describe(context, steps);
    return outcome(context, target, steps);
  }
  await applied(context, steps, signal);
  if (values['api-key'] === true) {
    await print(context.terminal, `${await createApiKey(connection.client, signal)}\n`);
    log.info('this API key may only write nmap events; it is not shown again: PORTLOG_ELASTICSEARCH_API_KEY=…');
  }
  return outcome(context, target, steps);
}

async function applied({ log }: CommandContext, steps: readonly Step[], signal: AbortSignal): Promise<void> {
  for (const step of steps) {
    await step.apply(signal);
    log.info(doneLine(step));
  }
}

/** Creates the log file for the local Wazuh agent before the manager is asked, which may be unreachable from this machine. */
async function prepareLogFiles(context: CommandContext): Promise<void> {
  const { values, log } = context;
  if (values['remove'] === true) return;
  const steps = await logFiles(context);
  if (values['dry-run'] !== true) return await applied(context, steps, timeLimit(SETUP_TIMEOUT_MS));
  for (const line of planLines(steps)) log.info(line);
}

async function logFiles({ config }: CommandContext): Promise<readonly Step[]> {
  const { sinks = [] } = await config();
  const paths = sinks.filter(({ type }) => type === 'wazuh').map(({ path, url }) => path ?? url);
  return paths.flatMap((path) => (path === undefined || /^\w+:\/\//.test(path) ? [] : [planLogFile(path)]));
}

/** JSON is indented; anything else is shown as it is sent. */
function readable(body: string): string {
  try {
    return body === '' ? '' : `${JSON.stringify(JSON.parse(body), undefined, 2)}\n`;
  } catch {
    return body;
  }
}

/** Prints the plan; with --verbose also the requests, on standard output. */
async function describe({ values, log, terminal }: CommandContext, steps: readonly Step[]): Promise<void> {
  if (values['verbose'] !== true) {
    for (const line of planLines(steps)) log.info(line);
    const sent = steps.some(({ request }) => request !== undefined);
    log.info(sent ? 'nothing was changed: --verbose shows what would be sent' : 'there is nothing to do');
    return;
  }
  for (const step of steps) {
    log.info(plannedLine(step));
    const { request } = step;
    if (request !== undefined) await print(terminal, `${request.method} ${request.path}\n${readable(String(request.body ?? ''))}\n`);
  }
}

const PARTS_STAY = 'events stay, and what they need; once their data streams and indices are deleted, --remove takes the rest away';
const FOLDER_STAYS = 'Grafana deletes a folder with all that is in it; once that is elsewhere, --remove takes the folder away';

function outcome({ values, log }: CommandContext, target: Target, steps: readonly Step[]): ExitCode {
  const has = (action: Step['action']): boolean => steps.some((step) => step.action === action);
  if (has('kept')) log.info(values['remove'] === true ? '--force removes that, too' : '--force overwrites what somebody has changed');
  if (has('wrong')) log.info('nothing is sent until that is fixed: portlog setup … --repair (with --dry-run, it says what it would do)');
  if (has('stays')) log.info(target === TARGETS.grafana ? FOLDER_STAYS : PARTS_STAY);
  return has('kept') || has('wrong') || has('stays') ? EXIT.partly : EXIT.delivered;
}
