import { readdirSync, readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, test } from 'vitest';
import { optionsSchema } from '../../src/config/sink-options.ts';
import { SINK_SETTINGS } from '../../src/sink/kinds.ts';

const SCHEMAS = new URL('../../schemas/', import.meta.url);
const files = readdirSync(SCHEMAS).filter((name) => name.endsWith('.schema.json'));

/* Where they are used, the schemas themselves are not checked any more. */

test.each(files)('%s is a JSON Schema', (name) => {
  expectSchema(JSON.parse(readFileSync(new URL(name, SCHEMAS), 'utf8')) as object);
});

test.each(Object.keys(SINK_SETTINGS))('so are the options of %s', (type) => {
  expectSchema(optionsSchema(type) ?? {});
});

test('invalid data is distinguished', () => {
  expect(() => expectSchema({ properties: { port: { type: 'portnumber' } } })).toThrow('type');
});

function expectSchema(schema: object): void {
  const ajv = new Ajv2020({ allErrors: true, allowUnionTypes: true, discriminator: true });
  expect(ajv.validateSchema(schema), ajv.errorsText(ajv.errors)).toBe(true);
}
