import type { Script, ScriptItem } from '../nmap/model.ts';
import type { FieldValue, Fields } from './event.ts';
import { clipBytes } from './text.ts';

/** A flattened value over 32,766 bytes, a depth over 20 or a NUL in a key makes Elasticsearch refuse the document. */
const MAX_VALUE_BYTES = 8192;
const MAX_KEY_BYTES = 256;
const MAX_DEPTH = 12;
const MAX_MEMBERS = 512;

/** `nmap.script`: ids, the whole text, and the structured output, if any, as a bounded object. */
export function scriptFields(scripts: readonly Script[]): Fields | undefined {
  if (scripts.length === 0) return undefined;
  const budget = { members: MAX_MEMBERS, truncated: false };
  const ids = new Set<string>();
  const texts: string[] = [];
  const data = new Members();
  for (const script of scripts) {
    const id = keyOf(script.id);
    ids.add(id);
    if (script.output !== undefined && script.output !== '') texts.push(`${id}: ${script.output.trim()}`);
    if (script.items.length > 0) data.add(id, objectOf(script.items, budget, 1));
  }
  return {
    id: [...ids],
    text: texts.length === 0 ? undefined : texts.join('\n'),
    data: isEmpty(data.fields) ? undefined : data.fields,
    truncated: budget.truncated || undefined,
  };
}

interface Budget {
  members: number;
  truncated: boolean;
}

/** Always an object, so that the field has one shape: members without a key are numbered. */
function objectOf(items: readonly ScriptItem[], budget: Budget, depth: number): Fields {
  const members = new Members();
  for (const [index, item] of items.entries()) {
    if (budget.members-- <= 0 || depth > MAX_DEPTH) {
      budget.truncated = true;
      break;
    }
    const key = item.key === undefined || item.key === '' ? String(index) : keyOf(item.key);
    members.add(key, 'value' in item ? bounded(item.value, budget) : objectOf(item.items, budget, depth + 1));
  }
  return members.fields;
}

function bounded(text: string, budget: Budget): string {
  const clipped = clipBytes(text, MAX_VALUE_BYTES);
  if (clipped.length < text.length) budget.truncated = true;
  return clipped;
}

/** A key that every store accepts: not empty, bounded, no control characters, no name of Object.prototype. */
function keyOf(key: string | undefined): string {
  const clean = clipBytes((key ?? '').replace(/[\u0000-\u001F\u007F]/g, '_'), MAX_KEY_BYTES);
  return clean === '' || clean === '__proto__' ? `_${clean}` : clean;
}

/** The same script or key twice stays two members: `key`, `key#2`. */
class Members {
  readonly fields: Record<string, FieldValue> = {};
  /** By key: the next number to try. */
  private numbers: Map<string, number> | undefined;

  add(key: string, value: FieldValue): void {
    this.fields[Object.hasOwn(this.fields, key) ? this.numbered(key) : key] = value;
  }

  private numbered(key: string): string {
    this.numbers ??= new Map();
    let number = this.numbers.get(key) ?? 2;
    while (Object.hasOwn(this.fields, `${key}#${number}`)) number++;
    this.numbers.set(key, number + 1);
    return `${key}#${number}`;
  }
}

function isEmpty(object: object): boolean {
  return Object.keys(object).length === 0;
}
