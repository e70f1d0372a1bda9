import { either, listOf, optional, record, type Shape, type Shaped, tableOf, text } from '../../core/shape.ts';
import { answerAs } from '../transport/answer.ts';
import type { HttpAnswer, HttpClient } from '../transport/http.ts';
import { type Difference, differences, guesses, type Mapping, MAPPING, typeAt } from './types.ts';

/** An existing data stream, or inventory index, that documents are written to. */
export interface WriteTarget {
  /** As documents name it: `logs-nmap.port-default`. */
  readonly name: string;
  /** The current write index. */
  readonly index: string;
  /** A plain index where a data stream should be. */
  readonly isPlainIndex: boolean;
  readonly mapping: Mapping;
}

/** What is wrong with its mapping. */
export interface Fault extends Difference {
  readonly place: WriteTarget;
  /** Wrong types, which cannot be changed later; otherwise it only lacks newer fields. */
  readonly hasWrongTypes: boolean;
}

/** The credentials may not look. */
export const UNKNOWN = 'unknown';

/**
 * Existing write targets of a namespace (`*` for all) and their faults; `unknown` when the credentials may not look. Throws
 * the result of `refusal` for any other answer.
 */
export async function inspectTargets(
  client: HttpClient,
  namespace: string,
  refusal: Refusal,
  signal: AbortSignal,
): Promise<{ readonly places: readonly WriteTarget[]; readonly faults: readonly Fault[] } | typeof UNKNOWN> {
  const places = await placesOf(client, namespace, refusal, signal);
  if (places === UNKNOWN) return UNKNOWN;
  const faults = faultsOf(places, []);
  if (!faults.some(({ wrong }) => wrong.size > 0)) return { places, faults };
  return { places, faults: faultsOf(places, await customMappings(client, signal)) };
}

type Refusal = (answer: HttpAnswer) => Error;

export async function placesOf(
  client: HttpClient,
  namespace: string,
  refusal: Refusal,
  signal: AbortSignal,
): Promise<readonly WriteTarget[] | typeof UNKNOWN> {
  const ask = async <T>(path: string, shape: Shape<T>, none: T): Promise<T | typeof UNKNOWN> => {
    const answer = await client.request({ method: 'GET', path }, signal);
    if (answer.status === 404) return none;
    if (answer.status === 403) return UNKNOWN;
    if (answer.status !== 200) throw refusal(answer);
    return answerAs(`${client.url.origin} to GET ${path}`, answer.body, shape);
  };
  // One by one: for a wildcard, a server may omit what is not allowed.
  const inventory = await ask(`/_resolve/index/nmap-inventory-${namespace}`, RESOLVED, NOTHING);
  const streams = inventory === UNKNOWN ? UNKNOWN : await ask(`/_resolve/index/logs-nmap.*-${namespace}`, RESOLVED, NOTHING);
  if (inventory === UNKNOWN || streams === UNKNOWN) return UNKNOWN;
  const found = distinct([...namesIn(streams, true), ...namesIn(inventory, false)]);
  if (found.length === 0) return [];
  const mappings = await ask(`/${found.map(({ index }) => index).join(',')}/_mapping`, tableOf(record({ mappings: MAPPING })), {});
  if (mappings === UNKNOWN) return UNKNOWN;
  return found.flatMap((one) => {
    const mapping = mappings[one.index]?.mappings;
    return mapping === undefined ? [] : [{ ...one, mapping }];
  });
}

/** https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-indices-resolve-index */
const NAMES = either(text, listOf(text));
const RESOLVED = record({
  indices: optional(listOf(record({ name: text }))),
  aliases: optional(listOf(record({ name: text, indices: NAMES }))),
  data_streams: optional(listOf(record({ name: text, backing_indices: NAMES }))),
});
type Resolved = Shaped<typeof RESOLVED>;
const NOTHING: Resolved = { indices: undefined, aliases: undefined, data_streams: undefined };

function namesIn(
  { indices = [], aliases = [], data_streams: streams = [] }: Resolved,
  wantsStreams: boolean,
): readonly Omit<WriteTarget, 'mapping'>[] {
  return [
    // The last one is the write index.
    ...streams.map(({ name, backing_indices: backing }) => ({ name, index: [backing].flat().at(-1) ?? name, isPlainIndex: !wantsStreams })),
    ...indices.map(({ name }) => ({ name, index: name, isPlainIndex: wantsStreams })),
    ...aliases.map(({ name, indices: behind }) => ({ name, index: [behind].flat().at(-1) ?? name, isPlainIndex: wantsStreams })),
  ];
}

/** Merges an alias and its index: documents use the alias. */
function distinct<P extends { readonly index: string }>(places: readonly P[]): readonly P[] {
  return [...new Map(places.map((place) => [place.index, place])).values()];
}

/** `custom`: the user's own mappings, which are always right. */
function faultsOf(places: readonly WriteTarget[], custom: readonly Mapping[]): readonly Fault[] {
  return places.flatMap((place) => {
    const { wrong, missing } = differences(place.mapping);
    const unwanted = new Map([...wrong].filter(([field]) => custom.every((mapping) => typeAt(mapping, field) === undefined)));
    const hasWrongTypes = place.isPlainIndex || unwanted.size > 0 || (missing.length > 0 && guesses(place.mapping));
    return hasWrongTypes || missing.length > 0 ? [{ place, wrong: unwanted, missing, hasWrongTypes }] : [];
  });
}

const CUSTOM = ['logs-nmap@custom', 'nmap-inventory@custom'];

/** Undefined without permission. */
async function customMappings(client: HttpClient, signal: AbortSignal): Promise<readonly Mapping[]> {
  const found: Mapping[] = [];
  for (const name of CUSTOM) {
    const { status, body } = await client.request({ method: 'GET', path: `/_component_template/${name}` }, signal);
    if (status !== 200) continue;
    const { component_templates: templates } = answerAs(`${client.url.origin} to GET /_component_template/${name}`, body, COMPONENTS);
    found.push(...templates.map(({ component_template: { template } }) => template.mappings ?? {}));
  }
  return found;
}

const COMPONENTS = record({
  component_templates: listOf(record({ component_template: record({ template: record({ mappings: optional(MAPPING) }) }) })),
});

const MOST_FIELDS = 3;

/** `logs-nmap.host-default (host.ip as keyword, and 4 more)` */
export function faultInWords({ place, wrong, missing }: Fault): string {
  if (place.isPlainIndex) return `${place.name} (an index, where a data stream belongs)`;
  const fields = [...wrong].map(([field, type]) => `${field} as ${type}`);
  const named = fields.length > 0 ? fields : missing.map((field) => `${field} not at all`);
  const more = named.length > MOST_FIELDS ? `, and ${named.length - MOST_FIELDS} more` : '';
  return `${place.name} (${named.slice(0, MOST_FIELDS).join(', ')}${more})`;
}
