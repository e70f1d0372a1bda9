import { ndjson } from '../content/files.ts';
import { fingerprint } from '../content/fingerprint.ts';
import { PortlogError } from '../core/errors.ts';
import type { HttpClient, HttpRequest } from '../sink/transport/http.ts';
import { anything, boolean, listOf, object, optional, record, type Shaped, text } from '../core/shape.ts';
import { jsonIn, wordsAt } from '../sink/transport/answer.ts';
import { accepted, checkVersion, linesAs, successOf, successAs } from './ask.ts';
import { type Presence, installation, type PlanOptions, notice, presenceByMark, removal, type Step } from './step.ts';

const BOUNDARY = 'portlog-saved-objects';

const SAVED_OBJECT = record({ type: text, id: text, attributes: object });
/** The members of a saved object that set-up reads, for Kibana and OpenSearch Dashboards. */
export type AnySavedObject = Shaped<typeof SAVED_OBJECT>;

/** What differs between Kibana and OpenSearch Dashboards. */
export interface SavedObjectsServer {
  readonly product: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The object whose description contains, after its text, the fingerprints of what was installed. */
  readonly mark: { readonly type: string; readonly id: string; readonly text: string };
  /** The objects in words: a dashboard, data views. */
  what(objects: readonly AnySavedObject[]): string;
  removals(objects: readonly AnySavedObject[]): readonly { readonly what: string; readonly request: HttpRequest }[];
}

/** The version of the server; refuses one older than `oldest`. `hint`: what to do when it reports no version, as to users it does not know. */
export async function checkDashboards(
  client: HttpClient,
  product: string,
  oldest: readonly [major: number, minor: number],
  hint: string,
  signal: AbortSignal,
): Promise<string> {
  const { body } = await successOf(client, { method: 'GET', path: '/api/status' }, signal);
  const version = wordsAt(jsonIn(body), 'version', 'number');
  if (version === undefined)
    throw new PortlogError('setup-refused', `${client.url.origin} does not identify itself as ${product}, at least not with these credentials`, {
      hint,
    });
  checkVersion(product, version, oldest);
  return version;
}

/**
 * Servers update what they import, so a stored object never equals what was sent. The mark therefore keeps a fingerprint of each, and the
 * second one differs when somebody has changed the objects since.
 */
export async function planObjects(
  server: SavedObjectsServer,
  client: HttpClient,
  objects: readonly AnySavedObject[],
  plan: PlanOptions,
  signal: AbortSignal,
): Promise<Step> {
  const present = await exported(server, client, objects, signal);
  const ours = fingerprint(objects);
  const request = importOf(server, objects);
  const step = installation(client, server.what(objects), presenceOf(server, present, ours), request, plan);
  if (step.request === undefined) return step;
  return {
    ...step,
    async apply(during) {
      await importAll(server, client, request, during);
      const theirs = fingerprint(contentOf(server, await exported(server, client, objects, during)));
      const marked = objects.filter((one) => isMark(server, one)).map((one) => withMark(server, one, `${ours}.${theirs}`));
      await importAll(server, client, importOf(server, marked), during);
    },
  };
}

export async function planObjectsRemoval(
  server: SavedObjectsServer,
  client: HttpClient,
  objects: readonly AnySavedObject[],
  plan: PlanOptions,
  signal: AbortSignal,
): Promise<readonly Step[]> {
  const present = await exported(server, client, objects, signal);
  const found = presenceOf(server, present, fingerprint(objects));
  if (found === 'changed' && !plan.force) return [notice('kept', server.what(present))];
  return server.removals(present).flatMap(({ what, request }) => removal(client, what, found, request, plan));
}

function presenceOf(server: SavedObjectsServer, present: readonly AnySavedObject[], ours: string): Presence {
  if (present.length === 0) return 'absent';
  const description = present.find((one) => isMark(server, one))?.attributes['description'];
  const mark = typeof description === 'string' ? MARK.exec(description)?.[1] : undefined;
  return presenceByMark(mark, ours, fingerprint(contentOf(server, present)));
}

const MARK = /\((\w+\.\w+)\)$/;

function isMark({ mark }: SavedObjectsServer, { type, id }: AnySavedObject): boolean {
  return type === mark.type && id === mark.id;
}

function withMark({ mark }: SavedObjectsServer, object: AnySavedObject, text: string): AnySavedObject {
  return { ...object, attributes: { ...object.attributes, description: `${mark.text} (${text})` } };
}

/** The members that people see and change, without times and server versions. */
function contentOf(server: SavedObjectsServer, objects: readonly AnySavedObject[]): readonly object[] {
  return objects
    .filter((one) => !isMark(server, one))
    .map(({ type, id, attributes }) => ({ type, id, attributes }))
    .toSorted((a, b) => (`${a.type} ${a.id}` < `${b.type} ${b.id}` ? -1 : 1));
}

/** The objects that exist on the server. */
async function exported(
  server: SavedObjectsServer,
  client: HttpClient,
  objects: readonly AnySavedObject[],
  signal: AbortSignal,
): Promise<readonly AnySavedObject[]> {
  if (objects.length === 0) return [];
  const body = JSON.stringify({ objects: objects.map(({ type, id }) => ({ type, id })), excludeExportDetails: true });
  const request: HttpRequest = { method: 'POST', path: '/api/saved_objects/_export', body, headers: server.headers };
  const answer = await client.request(request, signal);
  if (answer.status !== 400) return linesAs(client, request, answer, SAVED_OBJECT);
  // The export fails as a whole when objects are missing, and names these.
  const refusal = jsonIn(answer.body);
  const missing = new Set(MISSING(refusal) ? refusal.attributes.objects.map(({ type, id }) => `${type} ${id}`) : []);
  const left = objects.filter(({ type, id }) => !missing.has(`${type} ${id}`));
  if (left.length === objects.length) accepted(client, request, answer);
  return exported(server, client, left, signal);
}

const MISSING = record({ attributes: record({ objects: listOf(record({ type: text, id: text })) }) });

function importOf({ headers }: SavedObjectsServer, objects: readonly AnySavedObject[]): HttpRequest {
  const part = `--${BOUNDARY}\r\ncontent-disposition: form-data; name="file"; filename="portlog.ndjson"\r\ncontent-type: application/ndjson\r\n\r\n`;
  return {
    method: 'POST',
    path: '/api/saved_objects/_import?overwrite=true',
    body: `${part}${ndjson(objects)}\r\n--${BOUNDARY}--\r\n`,
    contentType: `multipart/form-data; boundary=${BOUNDARY}`,
    headers,
  };
}

/** A 200 may still say that objects were left out. */
async function importAll({ product }: SavedObjectsServer, client: HttpClient, request: HttpRequest, signal: AbortSignal): Promise<void> {
  const done = await successAs(client, request, IMPORTED, signal);
  const [first] = done.errors ?? [];
  if (done.success && first === undefined) return;
  const why = first === undefined ? JSON.stringify(done).slice(0, 200) : `${first.type} ${first.id}: ${JSON.stringify(first.error)}`;
  throw new PortlogError('setup-refused', `${product} did not import all objects (${why})`, {
    hint: 'portlog setup … --export DIR writes the file, for its own import',
  });
}

const IMPORTED = record({ success: boolean, errors: optional(listOf(record({ type: text, id: text, error: anything }))) });
