import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sinkOptions } from '../../config/settings.ts';
import { EXIT, type ExitCode, PortlogError } from '../../errors.ts';
import { applySetup, createApiKey, planSetup } from '../../setup/elasticsearch.ts';
import { ELASTICSEARCH_FILES, readSetupFile } from '../../setup/files.ts';
import { type HttpClient, httpClient } from '../../sink/http.ts';
import { ELASTICSEARCH_URL, urlOf } from '../../sink/options.ts';
import { print } from '../terminal.ts';
import { type CommandContext, text } from './context.ts';

const TARGETS = ['elasticsearch'];
const SETUP_TIMEOUT_MS = 60_000;

/** `portlog setup TARGET`: installs templates and the ingest pipeline; never replaces what is not portlog's. */
export async function setupCommand(context: CommandContext, target: string): Promise<ExitCode> {
  if (!TARGETS.includes(target))
    throw new PortlogError('usage', `there is nothing to set up for "${target}"`, { hint: `there is: ${TARGETS.join(', ')}` });
  const directory = text(context.values, 'export');
  if (directory !== undefined) return exportFiles(context, directory);
  const client = await connect(context);
  try {
    return await install(context, client);
  } finally {
    await client.close();
  }
}

async function install({ terminal, values, speaker }: CommandContext, client: HttpClient): Promise<ExitCode> {
  const signal = AbortSignal.timeout(SETUP_TIMEOUT_MS);
  const steps = await planSetup(client, signal);
  const dryRun = values['dry-run'] === true;
  for (const { file, action } of steps) {
    speaker.say(`${dryRun && action !== 'unchanged' ? `would ${action}` : DONE[action]} ${file.what}`);
    if (dryRun) await print(terminal, `PUT ${file.path}\n${await readSetupFile(file.file)}\n`);
  }
  if (dryRun) return EXIT.delivered;
  await applySetup(client, steps, signal);
  if (steps.some(({ action }) => action === 'update')) speaker.say('data streams that exist keep their mapping until their next rollover');
  if (values['api-key'] === true) {
    await print(terminal, `${await createApiKey(client, signal)}\n`);
    speaker.say('this API key may only write nmap events; it is not shown again: PORTLOG_ELASTICSEARCH_API_KEY=…');
  }
  return EXIT.delivered;
}

const DONE = { create: 'created', update: 'updated', unchanged: 'unchanged:' } as const;

async function exportFiles({ speaker }: CommandContext, directory: string): Promise<ExitCode> {
  await mkdir(directory, { recursive: true });
  for (const { file, path } of ELASTICSEARCH_FILES) {
    await writeFile(join(directory, file), await readSetupFile(file));
    speaker.say(`${join(directory, file)}: for PUT ${path}`);
  }
  return EXIT.delivered;
}

async function connect({ values, env }: CommandContext): Promise<HttpClient> {
  const url = text(values, 'url') ?? ELASTICSEARCH_URL;
  const options = await sinkOptions({ type: 'elasticsearch', url }, { caFile: text(values, 'ca-file'), compression: 'none' }, 'default', env);
  return httpClient(options, urlOf(options, ELASTICSEARCH_URL));
}
