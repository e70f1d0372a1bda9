import type { ErrorObject } from 'ajv';
import { nearest } from './nearest.ts';

/** ajv's findings as sentences: where in the file, what is expected there, and the nearest spelling. */
export function explain(errors: readonly ErrorObject[]): readonly string[] {
  return [...new Set(errors.filter(({ keyword }) => keyword !== 'if' && keyword !== 'propertyNames').map(sentence))];
}

function sentence({ instancePath, keyword, params, message, parentSchema }: ErrorObject): string {
  const path = instancePath.slice(1).replaceAll('/', '.');
  const where = path === '' ? 'the file' : path;
  switch (keyword) {
    case 'additionalProperties': {
      const name = (params as { additionalProperty: string }).additionalProperty;
      const known = Object.keys((parentSchema as { properties?: object } | undefined)?.properties ?? {});
      const guess = nearest(name, known);
      return `${path === '' ? '' : `${path}.`}${name}: there is no such setting${guess === undefined ? `; there are: ${known.join(', ')}` : `; did you mean "${guess}"?`}`;
    }
    case 'required':
      return `${where}: "${(params as { missingProperty: string }).missingProperty}" is missing`;
    case 'enum': {
      const allowed = (params as { allowedValues: readonly string[] }).allowedValues;
      return `${where}: must be one of ${allowed.join(', ')}`;
    }
    case 'type':
      return `${where}: must be ${[(params as { type: string | readonly string[] }).type].flat().map(article).join(' or ')}`;
    case 'pattern':
      return `${where}: must look like ${(params as { pattern: string }).pattern}`;
    default:
      return `${where}: ${message ?? 'is not valid'}`;
  }
}

function article(type: string): string {
  const words: Readonly<Record<string, string>> = { object: 'an object', array: 'a list', boolean: 'true or false' };
  return words[type] ?? `a ${type}`;
}
