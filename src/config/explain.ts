import type { ErrorObject } from 'ajv';
import { nearest } from '../core/nearest.ts';
import { settingHint } from './sink-settings.ts';

/** Most errors of a file that are reported at once. */
const MOST_SENTENCES = 20;

/** Turns ajv's errors into sentences: where in the file, what is expected there, and the nearest spelling. No value is quoted. Of very many, the first. */
export function explain(errors: readonly ErrorObject[]): readonly string[] {
  // Errors that only follow from another one are left out.
  const isOwn = ({ keyword }: ErrorObject): boolean => !['if', 'propertyNames', 'anyOf', 'oneOf', 'not'].includes(keyword);
  const own = errors.filter(isOwn);
  const all = own.length === 0 ? errors : own;
  const sentences = new Set<string>();
  let read = 0;
  while (read < all.length && sentences.size < MOST_SENTENCES) sentences.add(sentence(all[read++] as ErrorObject));
  return [...sentences, ...(read < all.length ? [`and ${all.length - read} more`] : [])];
}

function sentence(error: ErrorObject): string {
  const { instancePath, keyword, params, parentSchema } = error;
  const schema = parentSchema as SchemaPart;
  const path = instancePath.slice(1).replaceAll('/', '.');
  const where = path === '' ? 'the file' : path;
  if (keyword === 'discriminator') return kindOf(path, error.data as { readonly type?: unknown }, schema);
  if (keyword === 'additionalProperties') return unknownSetting(path, params['additionalProperty'] as string, schema);
  if (keyword === 'required') return `${where}: "${params['missingProperty'] as string}" is missing`;
  if (error.propertyName !== undefined) return `${where}: "${error.propertyName}" cannot be a name there: ${form(schema)}`;
  return `${where}: ${demand(keyword, params, schema)}${hintFor(error)}`;
}

/** What to do about a value, which is not quoted: the nearest allowed word, or how one of that type is written. */
function hintFor({ keyword, params, data }: ErrorObject): string {
  if (keyword === 'enum') return suggestion(data, params['allowedValues'] as readonly unknown[]);
  const way = keyword === 'type' && typeof params['type'] === 'string' ? WRITTEN[params['type']]?.(data) : undefined;
  return way === undefined ? '' : `; ${way}`;
}

const WRITTEN: Readonly<Record<string, (data: unknown) => string | undefined>> = {
  string: (data) => {
    if (data === null) return 'there is nothing';
    return typeof data === 'object' ? 'one that begins with { or [ needs quotes' : 'put it in quotes';
  },
  number: unquoted,
  integer: unquoted,
  boolean: (data) => (typeof data === 'string' ? 'without quotes' : undefined),
  array: (data) => (typeof data === 'object' ? undefined : 'write [one, another], or each on its own line after a dash'),
  object: (data) => (typeof data === 'string' ? 'write each as NAME: VALUE, with a space after the colon' : undefined),
};

function unquoted(data: unknown): string | undefined {
  return typeof data === 'string' ? 'without quotes, and without a unit, which is in the name of the setting' : undefined;
}

/** The discriminating member (`type`). */
function kindOf(path: string, data: { readonly type?: unknown }, schema: SchemaPart): string {
  const kinds = (schema?.oneOf ?? []).flatMap(({ properties }) => properties?.type?.const ?? []);
  if (data.type === undefined) return `${path}: "type" is missing; it is one of ${kinds.join(', ')}`;
  return `${path}.type: must be one of ${kinds.join(', ')}${suggestion(data.type, kinds)}`;
}

/** Longer lists are not shown. */
const MOST_NAMED = 20;

/** The parts of a schema that are used here. */
interface SchemaShape {
  readonly oneOf?: readonly { readonly properties?: { readonly type?: { readonly const?: string } } }[];
  readonly properties?: { readonly type?: { readonly const?: string } };
  readonly description?: string;
  readonly examples?: readonly string[];
  /** A pattern in words. */
  readonly $comment?: string;
}
type SchemaPart = SchemaShape | undefined;

function unknownSetting(path: string, name: string, schema: SchemaPart): string {
  const known = Object.keys(schema?.properties ?? {});
  const guess = nearest(name, known);
  const whole = path === '' ? name : `${path}.${name}`;
  const kind = schema?.properties?.type?.const;
  const other = guess === undefined && kind !== undefined ? settingHint(name, kind) : undefined;
  if (other !== undefined) return `${path}: a sink of type ${kind} has no "${name}"; ${other}`;
  const others = known.length > MOST_NAMED ? '' : `; there are: ${known.join(', ')}`;
  return `${whole}: there is no such setting${guess === undefined ? others : `; did you mean "${guess}"?`}`;
}

/** The nearest allowed word. */
function suggestion(value: unknown, allowed: readonly unknown[]): string {
  const words = allowed.filter((one) => typeof one === 'string');
  const guess = typeof value === 'string' ? nearest(value, words) : undefined;
  return guess === undefined ? '' : `; did you mean "${guess}"?`;
}

function demand(keyword: string, params: Readonly<Record<string, unknown>>, schema: SchemaPart): string {
  const limit = String(params['limit']);
  switch (keyword) {
    case 'enum':
      return `must be one of ${(params['allowedValues'] as readonly unknown[]).join(', ')}`;
    case 'const':
      return `must be ${String(params['allowedValue'])}`;
    case 'type':
      return `must be ${[params['type']].flat().map(article).join(' or ')}`;
    case 'minimum':
      return `must be ${limit} or more`;
    case 'exclusiveMinimum':
      return `must be more than ${limit}`;
    case 'maximum':
    case 'exclusiveMaximum':
      return `must be ${limit} at most`;
    case 'minLength':
    case 'minItems':
    case 'minProperties':
      return 'must not be empty';
    case 'maxLength':
    case 'maxItems':
      return `must not be longer than ${limit}`;
    case 'uniqueItems':
      return 'has an item twice';
    default:
      return form(schema);
  }
}

/** What a pattern accepts, with an example. */
function form(schema: SchemaPart): string {
  const { $comment = 'has the wrong form', examples } = schema ?? {};
  return `${$comment}${examples?.[0] === undefined ? '' : `; for example ${examples[0]}`}`;
}

function article(type: unknown): string {
  const words: Readonly<Record<string, string>> = {
    object: 'a group of settings',
    array: 'a list',
    boolean: 'true or false',
    integer: 'a whole number',
    string: 'a string',
    number: 'a number',
    null: 'nothing',
  };
  return words[String(type)] ?? String(type);
}
