import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { expect } from 'vitest';
import { FIELDS } from '../../src/event/fields.ts';
import type { LogEvent } from '../../src/event/event.ts';
import { ecsLine } from '../../src/event/ecs.ts';

const schema = JSON.parse(readFileSync(new URL('../../schemas/event.schema.json', import.meta.url), 'utf8')) as object;
const ajv = new Ajv2020({ allErrors: true });
(addFormats as unknown as (ajv: unknown) => void)(ajv);
const check = ajv.compile(schema);

/** Checks an event against the schema, as the line that a consumer gets. */
export function expectValidEvent(event: LogEvent): void {
  const line = ecsLine(event);
  expect(line).not.toContain('\n');
  const parsed = JSON.parse(line) as { event: { id: string } };
  expect(check(parsed) ? [] : check.errors?.map(({ instancePath, message, params }) => [instancePath, message, params])).toEqual([]);
  expect(parsed.event.id).toBe(event.id);
}

/** The official list of ECS, by field name. */
export function officialEcs(): Readonly<Record<string, { readonly type: string; readonly normalize: readonly string[] }>> {
  const require = createRequire(import.meta.url);
  return (require('@elastic/ecs') as { EcsFlat: Record<string, { type: string; normalize: string[] }> }).EcsFlat;
}

export const OUR_ECS_FIELDS = FIELDS.filter(({ name, type }) => !name.startsWith('nmap.') && type !== 'object');
