import { PortlogError } from '../core/errors.ts';
import { bulkRefusal } from '../sink/bulk/bulk.ts';
import type { BulkServer } from '../sink/bulk/server.ts';
import { ELASTICSEARCH } from '../sink/elasticsearch/elasticsearch.ts';
import type { HttpAnswer, HttpClient, HttpRequest } from '../sink/transport/http.ts';
import { setupFileText, SETUP_FILES, type SetupFile } from './files.ts';
import { listOf, object, record, tableOf } from '../core/shape.ts';
import { answeredAs, refusalOf } from './ask.ts';
import { type Presence, installation, type PlanOptions, type Step } from './step.ts';

/** Templates and the ingest pipeline. Throws `setup-refused` when something of that name is there that portlog did not make. */
export async function planTemplates(
  client: HttpClient,
  server: BulkServer,
  retentionDays: number | undefined,
  plan: PlanOptions,
  signal: AbortSignal,
): Promise<readonly Step[]> {
  const steps: Step[] = [];
  for (const file of SETUP_FILES[server.type]) {
    const place = { client, server, file, plan, signal };
    const present = await definitionOf(place);
    const body = wantedBody(place, retentionDays, present);
    steps.push(installation(client, file.what, presenceOf(place, present, body), { method: 'PUT', path: file.path, body }, plan));
  }
  return steps;
}

/**
 * The definition to install. The template of the data streams contains the retention as a data stream lifecycle: the requested one, or else
 * the present one. https://www.elastic.co/docs/manage-data/lifecycle/data-stream
 */
function wantedBody({ server, file }: Place, days: number | undefined, present: unknown): string {
  const body = setupFileText(server.type, file);
  const lifecycle = days === undefined ? lifecycleIn(present) : { data_retention: `${days}d` };
  if (server !== ELASTICSEARCH || file.file !== 'index-template.json' || lifecycle === undefined) return body;
  const template = JSON.parse(body) as { readonly template?: object };
  return `${JSON.stringify({ ...template, template: { ...template.template, lifecycle } }, undefined, 2)}\n`;
}

function lifecycleIn(present: unknown): object | undefined {
  return isManaged(present) && WITH_LIFECYCLE(present) ? present.template.lifecycle : undefined;
}

const WITH_LIFECYCLE = record({ template: record({ lifecycle: object }) });

interface Place {
  readonly client: HttpClient;
  readonly server: BulkServer;
  readonly file: SetupFile;
  readonly plan: PlanOptions;
  readonly signal: AbortSignal;
}

/** The definition on the server; undefined when there is none. */
async function definitionOf({ client, server, file, signal }: Place): Promise<unknown> {
  const request: HttpRequest = { method: 'GET', path: file.path };
  const answer = await client.request(request, signal);
  if (answer.status === 404) return undefined;
  if (answer.status === 403) throw refusalOf(client, request, answer);
  if (answer.status !== 200) throw bulkRefusal(client.url, answer, server);
  return definitionIn(client, request, answer) ?? {};
}

function presenceOf({ client, server, file, plan }: Place, present: unknown, body: string): Presence {
  if (present === undefined) return 'absent';
  if (file.isCustom === true) return 'as-installed';
  if (!isManaged(present) && !plan.force)
    throw new PortlogError(
      'setup-refused',
      `${client.url.origin} already has ${file.what.startsWith('component') ? 'a' : 'an'} ${file.what} that portlog did not make`,
      {
        hint: `it is left as it is; rename it, overwrite it with --force, or install the files of portlog setup ${server.type} --export DIR by hand`,
      },
    );
  return covers(present, JSON.parse(body)) ? 'as-installed' : 'outdated';
}

/** Reads a definition from an answer: pipelines come by name, templates in a list. */
export function definitionIn(client: HttpClient, request: HttpRequest, answer: HttpAnswer): unknown {
  const { path } = request;
  if (path.startsWith('/_component_template/')) return answeredAs(client, request, answer, COMPONENTS).component_templates[0]?.component_template;
  if (path.startsWith('/_index_template/')) return answeredAs(client, request, answer, TEMPLATES).index_templates[0]?.index_template;
  return Object.values(answeredAs(client, request, answer, tableOf(object)))[0];
}

const COMPONENTS = record({ component_templates: listOf(record({ component_template: object })) });
const TEMPLATES = record({ index_templates: listOf(record({ index_template: object })) });

/** Whether portlog has installed a definition. OpenSearch's pipelines have no `_meta`, so the mark is in their description. */
export function isManaged(definition: unknown): boolean {
  const { _meta, description } = (definition ?? {}) as { _meta?: { managed_by?: unknown }; description?: unknown };
  return _meta?.managed_by === 'portlog' || (typeof description === 'string' && description.startsWith('portlog: '));
}

/** Whether the server's definition contains everything that is wanted. It adds members of its own, and returns numbers and booleans as text. */
export function covers(present: unknown, wanted: unknown): boolean {
  if (typeof wanted !== 'object' || wanted === null) return present === wanted || (isPlain(present) && String(present) === String(wanted));
  if (typeof present !== 'object' || present === null) return false;
  if (Array.isArray(wanted))
    return Array.isArray(present) && present.length === wanted.length && wanted.every((member, i) => covers(present[i], member));
  return Object.entries(wanted).every(([name, member]) => covers(memberOf(present, name), member));
}

function isPlain(value: unknown): value is string | number | boolean {
  return ['string', 'number', 'boolean'].includes(typeof value);
}

/** `index.mapping.x` may come back as nested objects. */
function memberOf(object: object, name: string): unknown {
  if (Object.hasOwn(object, name)) return (object as Record<string, unknown>)[name];
  let value: unknown = object;
  for (const part of name.split('.')) value = (value as Record<string, unknown> | undefined)?.[part];
  return value;
}
