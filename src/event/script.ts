import type { Script, ScriptItem } from '../nmap/model.ts';
import type { FieldValue, Fields } from './event.ts';
import { clip } from './text.ts';

/** A flattened value over 32,766 bytes, a depth over 20 or a NUL in a key makes Elasticsearch refuse the document. */
const MAX_VALUE_BYTES = 8192;
const MAX_KEY_BYTES = 256;
const MAX_DEPTH = 12;
const MAX_MEMBERS = 512;

/** `nmap.script`: ids, the whole text for searching, and two bounded objects for looking into. */
export function scriptFields(scripts: readonly Script[]): Fields | undefined {
  if (scripts.length === 0) return undefined;
  const budget = { members: MAX_MEMBERS, truncated: false };
  const ids: string[] = [];
  const texts: string[] = [];
  const output: Record<string, FieldValue> = {};
  const data: Record<string, FieldValue> = {};
  for (const script of scripts) {
    const id = keyOf(script.id);
    if (!ids.includes(id)) ids.push(id);
    if (script.output !== undefined && script.output !== '') {
      texts.push(`${id}: ${script.output.trim()}`);
      output[unusedKey(output, id)] = bounded(script.output, budget);
    }
    if (script.items.length > 0) data[unusedKey(data, id)] = objectOf(script.items, budget, 1);
  }
  return {
    id: ids,
    text: texts.length === 0 ? undefined : texts.join('\n'),
    output: isEmpty(output) ? undefined : output,
    data: isEmpty(data) ? undefined : data,
    truncated: budget.truncated || undefined,
  };
}

interface Budget {
  members: number;
  truncated: boolean;
}

/** Always an object, so that the field has one shape: members without a key are numbered. */
function objectOf(items: readonly ScriptItem[], budget: Budget, depth: number): Fields {
  const object: Record<string, FieldValue> = {};
  items.forEach((item, index) => {
    if (budget.members-- <= 0 || depth > MAX_DEPTH) {
      budget.truncated = true;
      return;
    }
    const key = unusedKey(object, item.key === undefined || item.key === '' ? String(index) : keyOf(item.key));
    object[key] = 'value' in item ? bounded(item.value, budget) : objectOf(item.items, budget, depth + 1);
  });
  return object;
}

function bounded(text: string, budget: Budget): string {
  const clipped = clip(text, MAX_VALUE_BYTES);
  if (clipped.length < text.length) budget.truncated = true;
  return clipped;
}

/** A key that every store takes: not empty, no control characters, bounded, and never a name of Object.prototype. */
function keyOf(key: string | undefined): string {
  const clean = clip((key ?? '').replace(/[\u0000-\u001F\u007F]/g, '_'), MAX_KEY_BYTES);
  return clean === '' || clean === '__proto__' ? `_${clean}` : clean;
}

/** The same script or key twice stays two members: `key`, `key#2`. */
function unusedKey(object: Readonly<Record<string, FieldValue>>, key: string): string {
  if (!Object.hasOwn(object, key)) return key;
  let count = 2;
  while (Object.hasOwn(object, `${key}#${count}`)) count++;
  return `${key}#${count}`;
}

function isEmpty(object: object): boolean {
  return Object.keys(object).length === 0;
}
