import type { Document } from 'yaml';
import { PortlogError } from '../core/errors.ts';

const MAX_DEPTH = 32;
const TWICE = 'a setting occurs twice';
const TOO_DEEP = 'it is nested deeper than any setting is';

/** The parser's errors in our words: its own messages quote the text, which may hold passwords. Codes: https://eemeli.org/yaml/#errors */
const REASONS: Readonly<Record<string, string>> = {
  BAD_ALIAS: 'an alias (*name) or anchor (&name) is not written as one; a value that begins with * or & needs quotes',
  BAD_DQ_ESCAPE: 'a backslash in double quotes is followed by a character that it cannot escape; in single quotes it is literal',
  BAD_INDENT: 'the indentation does not fit',
  BAD_SCALAR_START: 'a value begins with a character that needs quotes',
  BLOCK_AS_IMPLICIT_KEY: 'there is a colon too many, quotes are missing around a value with a colon in it, or the next line is indented too far',
  BLOCK_IN_FLOW: 'within { } or [ ] a comma is missing, or something is written on separate lines as if there were no brackets',
  MISSING_CHAR: 'a quote or bracket is missing, or the dash of a list, or the indentation does not fit',
  MULTILINE_IMPLICIT_KEY: 'a colon is missing, or the indentation does not fit',
  MULTIPLE_DOCS: 'there is a second document (---)',
  RESOURCE_EXHAUSTION: TOO_DEEP,
  TAB_AS_INDENT: 'there is a tab; YAML is indented with spaces',
  TAG_RESOLVE_FAILED: 'a value begins with !, which needs quotes',
  UNEXPECTED_TOKEN: 'there is text where none is allowed; a value that begins with a quote, { or [ needs quotes around all of it',
};

/** Reads YAML, or JSON when the name says so. Throws `config-invalid`, which quotes nothing of the text. */
export async function parsed(path: string, text: string): Promise<unknown> {
  const format = path.endsWith('.json') ? 'JSON' : 'YAML';
  try {
    const content = format === 'JSON' ? await refuseDuplicateKeys(path, text, parsedJson(path, text)) : await parsedYaml(path, text);
    if (!isDeeper(content, MAX_DEPTH)) return content;
  } catch (error) {
    // Deep nesting would overflow the parser's stack.
    if (!(error instanceof RangeError)) throw error;
  }
  throw invalid(path, format, undefined, TOO_DEEP);
}

function isDeeper(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return depth === 0 || Object.values(value).some((member) => isDeeper(member, depth - 1));
}

function parsedJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    if (error instanceof RangeError) throw error;
    const position = /at position (\d+)/.exec((error as Error).message)?.[1];
    throw invalid(
      path,
      'JSON',
      position === undefined ? undefined : text.slice(0, Number(position)).split('\n').length,
      'a quote, comma or bracket is missing or too many',
    );
  }
}

/** Refuses duplicate keys, of which JSON.parse silently keeps the last one. JSON is also YAML, whose parser reports them. */
async function refuseDuplicateKeys(path: string, text: string, content: unknown): Promise<unknown> {
  const { duplicate } = await documentOf(text.replace(/^\uFEFF/, ''));
  if (duplicate !== undefined) throw invalid(path, 'JSON', duplicate, TWICE);
  return content;
}

/** A parsed text, the line of the first key that is there twice, and what has the line of a position. */
async function documentOf(text: string): Promise<{
  readonly document: Document.Parsed;
  readonly duplicate: number | undefined;
  readonly lineOf: (position: number) => number;
}> {
  const { isScalar, LineCounter, parseDocument, visit } = await import('yaml');
  const lines = new LineCounter();
  // The parser would compare each key with all before it.
  const document = parseDocument(text, { prettyErrors: false, logLevel: 'error', lineCounter: lines, uniqueKeys: false });
  const lineOf = (position: number): number => lines.linePos(position).line;
  let first = Number.POSITIVE_INFINITY;
  const note = (keys: Set<unknown>, key: unknown): void => {
    const value = isScalar(key) ? key.value : key;
    if (keys.has(value)) first = Math.min(first, (key as { readonly range?: readonly number[] } | null)?.range?.[0] ?? 0);
    keys.add(value);
  };
  visit(document, {
    Map(_, { items }) {
      const keys = new Set<unknown>();
      for (const { key } of items) note(keys, key);
    },
  });
  return { document, duplicate: first === Number.POSITIVE_INFINITY ? undefined : lineOf(first), lineOf };
}

async function parsedYaml(path: string, text: string): Promise<unknown> {
  const { document, duplicate, lineOf } = await documentOf(text);
  // Warnings are about tags (!name), which the value would lose.
  const [error = document.warnings[0]] = document.errors;
  if (error !== undefined) throw invalid(path, 'YAML', lineOf(error.pos[0]), REASONS[error.code] ?? 'its syntax is wrong');
  if (duplicate !== undefined) throw invalid(path, 'YAML', duplicate, TWICE);
  try {
    return document.toJS();
  } catch (error) {
    if (error instanceof RangeError) throw error;
    const isBomb = !(error instanceof ReferenceError) || error.message.startsWith('Excessive');
    throw invalid(
      path,
      'YAML',
      undefined,
      isBomb ? 'nested aliases (*name) expand to more than can be read' : 'an alias (*name) has no anchor; a value that begins with * needs quotes',
    );
  }
}

function invalid(path: string, format: string, line: number | undefined, reason: string): PortlogError {
  return new PortlogError('config-invalid', `${path} is not valid ${format}${line === undefined ? '' : `: line ${line}`}: ${reason}`, {
    hint: 'docs/reference/configuration.md shows how it is written',
  });
}
