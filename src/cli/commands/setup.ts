import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { loadConfig } from '../../config/load.ts';
import { sinkOptions } from '../../config/settings.ts';
import { type ContentOptions, DEFAULT_CONTENT } from '../../content/options.ts';
import { EXIT, type ExitCode, PortlogError } from '../../errors.ts';
import { createApiKey } from '../../setup/elasticsearch.ts';
import type { Step } from '../../setup/step.ts';
import { type Connection, type Target, TARGETS } from '../../setup/targets.ts';
import { httpClient } from '../../sink/http.ts';
import { urlOf } from '../../sink/options.ts';
import { print } from '../terminal.ts';
import { type CommandContext, list, text } from './context.ts';

const SETUP_TIMEOUT_MS = 60_000;

/** `portlog setup TARGET`: installs what portlog brings along; never replaces what is not portlog's, or what somebody has changed. */
export async function setupCommand(context: CommandContext, name: string): Promise<ExitCode> {
  const target = TARGETS[name];
  if (target === undefined)
    throw new PortlogError('usage', `there is nothing to set up for "${name}"`, { hint: `there is: ${Object.keys(TARGETS).join(', ')}` });
  const content = await contentOptions(context);
  const directory = text(context.values, 'export');
  if (directory !== undefined) return exportFiles(context, directory, await target.files(content));
  if (context.values['api-key'] === true && name !== 'elasticsearch')
    throw new PortlogError('usage', '--api-key is for portlog setup elasticsearch', { hint: 'the other servers make their keys themselves' });
  const connection = await connect(context, name, target, content);
  try {
    return await run(context, target, connection);
  } finally {
    await connection.client.close();
  }
}

async function run(context: CommandContext, target: Target, connection: Connection): Promise<ExitCode> {
  const { values, speaker } = context;
  const signal = AbortSignal.timeout(SETUP_TIMEOUT_MS);
  const isRemoval = values['remove'] === true;
  const steps = isRemoval ? await target.planRemoval(connection, signal) : await target.plan(connection, { force: values['force'] === true }, signal);
  if (isRemoval && steps.length === 0) speaker.say('nothing of portlog is installed there');
  if (values['dry-run'] === true) return describe(context, steps);
  for (const step of steps) {
    await step.apply(signal);
    speaker.say(`${DONE[step.action]} ${step.what}`);
  }
  if (target === TARGETS['elasticsearch'] && steps.some(({ action }) => action === 'update'))
    speaker.say('data streams that exist keep their mapping until their next rollover');
  if (values['api-key'] === true) {
    await print(context.terminal, `${await createApiKey(connection.client, signal)}\n`);
    speaker.say('this API key may only write nmap events; it is not shown again: PORTLOG_ELASTICSEARCH_API_KEY=…');
  }
  return outcome(context, steps);
}

const DONE = {
  create: 'created',
  update: 'updated',
  unchanged: 'unchanged:',
  kept: 'left as it is, because somebody has changed it:',
  remove: 'removed',
} as const;

async function describe(context: CommandContext, steps: readonly Step[]): Promise<ExitCode> {
  for (const { what, action, request } of steps) {
    context.speaker.say(request === undefined ? `${DONE[action]} ${what}` : `would ${action} ${what}`);
    if (request !== undefined) await print(context.terminal, `${request.method} ${request.path}\n${String(request.body ?? '')}\n`);
  }
  return outcome(context, steps);
}

function outcome({ speaker }: CommandContext, steps: readonly Step[]): ExitCode {
  if (!steps.some(({ action }) => action === 'kept')) return EXIT.delivered;
  speaker.say('--force overwrites what somebody has changed');
  return EXIT.partly;
}

async function exportFiles({ speaker }: CommandContext, directory: string, files: ReadonlyMap<string, string>): Promise<ExitCode> {
  for (const [path, content] of files) {
    const file = join(directory, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
  }
  speaker.say(`${files.size} files in ${directory}${files.has('README.md') ? '; README.md says where they go' : ''}`);
  return EXIT.delivered;
}

async function contentOptions({ values, env }: CommandContext): Promise<ContentOptions> {
  const path = text(values, 'config');
  const config = path === undefined ? {} : await loadConfig(path, env);
  const named = list(values, 'site')?.map(siteOf);
  const configured = Object.entries(config.sites ?? {}).map(([name, { maxAgeHours }]) => ({ name, maxAgeHours }));
  return {
    namespace: checkedWord('namespace', text(values, 'namespace') ?? config.namespace),
    zones: list(values, 'zone')?.map((word) => checkedWord('zone', word)),
    sites: named ?? configured,
    lokiUid: text(values, 'loki-uid') ?? DEFAULT_CONTENT.lokiUid,
    runbooks: text(values, 'runbooks'),
  };
}

/** `branch` or `branch=170`: hours within which a scan must have finished. */
function siteOf(word: string): ContentOptions['sites'][number] {
  const [, name = '', hours] = /^([\w.-]{1,64})(?:=([1-9]\d{0,4}))?$/.exec(word) ?? [];
  if (name === '')
    throw new PortlogError('usage', `--site ${word}: write NAME or NAME=HOURS`, { hint: 'HOURS: within which a scan must have finished' });
  return { name, maxAgeHours: hours === undefined ? undefined : Number(hours) };
}

/** It goes into queries as it is. */
function checkedWord<T extends string | undefined>(option: string, word: T): T {
  if (word === undefined || /^[\w.-]{1,64}$/.test(word)) return word;
  throw new PortlogError('usage', `--${option} "${word}": only letters, digits, ".", "_" and "-", at most 64`);
}

async function connect({ values, env }: CommandContext, type: string, target: Target, content: ContentOptions): Promise<Connection> {
  const url = text(values, 'url') ?? env[`PORTLOG_${type.toUpperCase()}_URL`] ?? target.url;
  const options = await sinkOptions({ type, url }, { caFile: text(values, 'ca-file'), compression: 'none' }, 'default', env);
  return { client: httpClient(options, urlOf(options, target.url)), tenant: options.tenant, content };
}
