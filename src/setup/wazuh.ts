import { wazuhFiles } from '../content/files.ts';
import type { ContentOptions } from '../content/options.ts';
import { wazuhFingerprint } from '../content/wazuh-file.ts';
import { PortlogError } from '../errors.ts';
import type { HttpAnswer, HttpClient, HttpRequest } from '../sink/http.ts';
import { wazuhVersion, wazuhWords } from '../sink/wazuh-api.ts';
import { checkVersion, found, installation, type PlanOptions, type Presence, removal, type Step, wanted } from './step.ts';

const OLDEST = [4, 6] as const;
/** The first without rules in XML. */
const TOO_NEW = 5;

/** What goes to the manager. */
const FILES = [
  { what: 'decoder portlog_decoders.xml', file: 'wazuh/portlog_decoders.xml', path: '/decoders/files/portlog_decoders.xml' },
  { what: 'alert rules portlog_rules.xml', file: 'wazuh/portlog_rules.xml', path: '/rules/files/portlog_rules.xml' },
] as const;

/**
 * Decoder and rules over the API of a manager, and a restart, which is when it loads them.
 * https://documentation.wazuh.com/current/user-manual/api/reference.html#tag/Rules
 */
export async function planWazuh(client: HttpClient, options: ContentOptions, plan: PlanOptions, signal: AbortSignal): Promise<readonly Step[]> {
  await checkWazuh(client, signal);
  const texts = wazuhFiles(options);
  const steps: Step[] = [];
  for (const { what, file, path } of FILES) {
    const text = texts.get(file) ?? '';
    const request: HttpRequest = { method: 'PUT', path: `${path}?overwrite=true`, body: text, contentType: 'application/octet-stream' };
    const step = installation(client, what, presenceOf(await fileAt(client, path, signal), text), request, plan);
    steps.push(step.request === undefined ? step : { ...step, apply: async (during) => void (await done(client, request, during)) });
  }
  return withRestart(client, steps, signal);
}

export async function planWazuhRemoval(client: HttpClient, signal: AbortSignal): Promise<readonly Step[]> {
  await checkWazuh(client, signal);
  const steps: Step[] = [];
  for (const { what, path } of FILES.toReversed())
    if ((await fileAt(client, path, signal)) !== undefined) steps.push(removal(client, what, { method: 'DELETE', path }));
  return withRestart(client, steps, signal);
}

async function checkWazuh(client: HttpClient, signal: AbortSignal): Promise<void> {
  const version = wazuhVersion(await wanted(client, { method: 'GET', path: '/' }, signal));
  if (version === undefined)
    throw new PortlogError('setup-refused', `${client.url.origin} does not say that it is the API of Wazuh`, {
      hint: 'check the URL; the port is usually 55000',
    });
  checkVersion('Wazuh', version, OLDEST);
  if (Number.parseInt(version, 10) >= TOO_NEW)
    throw new PortlogError('setup-refused', `this is Wazuh ${version}, and portlog's rules are for Wazuh 4`, {
      hint: 'its agents still read the file of --to wazuh=PATH; the rules are in docs/reference/alerts.md',
    });
}

/** A file that is not there is no 404: a 200 with an error in JSON, where the file would be XML. */
async function fileAt(client: HttpClient, path: string, signal: AbortSignal): Promise<string | undefined> {
  const answer = await found(client, { method: 'GET', path: `${path}?raw=true` }, signal);
  return answer === undefined || answer.body.trimStart().startsWith('{') ? undefined : answer.body;
}

function presenceOf(present: string | undefined, ours: string): Presence {
  if (present === undefined) return 'absent';
  const there = wazuhFingerprint(present);
  if (there === undefined) return 'changed';
  return there === wazuhFingerprint(ours) ? 'as-installed' : 'outdated';
}

/** As {@link wanted}: a 200 may still say that it was not done. */
async function done(client: HttpClient, request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
  const answer = await wanted(client, request, signal);
  const { error = 0, data } = JSON.parse(answer.body) as { error?: number; data?: { failed_items?: readonly { error?: { message?: string } }[] } };
  if (error === 0) return answer;
  const why = data?.failed_items?.[0]?.error?.message;
  throw new PortlogError(
    'setup-refused',
    `${client.url.origin} did not do ${request.method} ${request.path}: ${wazuhWords(answer)}${why === undefined ? '' : ` (${why})`}`,
    {
      hint: 'the manager goes on as it was; what was done before this stays, and --remove takes it away',
    },
  );
}

/** Nothing is restarted when nothing was changed, or when the manager would not come back. */
async function withRestart(client: HttpClient, steps: readonly Step[], signal: AbortSignal): Promise<readonly Step[]> {
  if (!steps.some(({ request }) => request !== undefined)) return steps;
  const of = (await isCluster(client, signal)) ? 'cluster' : 'manager';
  const request: HttpRequest = { method: 'PUT', path: `/${of}/restart` };
  return [
    ...steps,
    {
      what: `the ${of}, which loads its rules then`,
      action: 'restart',
      request,
      async apply(during) {
        await done(client, { method: 'GET', path: `/${of}/configuration/validation` }, during);
        await done(client, request, during);
      },
    },
  ];
}

async function isCluster(client: HttpClient, signal: AbortSignal): Promise<boolean> {
  const { body } = await wanted(client, { method: 'GET', path: '/cluster/status' }, signal);
  const { data } = JSON.parse(body) as { data?: { enabled?: string; running?: string } };
  return data?.enabled === 'yes' && data.running === 'yes';
}
