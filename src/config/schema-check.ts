import type { ValidateFunction } from 'ajv';

/**
 * Compiles one of our JSON Schemas. The schema is not validated, which tests do, and the code is not optimised, because it runs once:
 * together these would double the time.
 */
export async function schemaCheck(schema: object): Promise<ValidateFunction> {
  const { Ajv2020 } = await import('ajv/dist/2020.js');
  const options = { allErrors: true, verbose: true, allowUnionTypes: true, discriminator: true, validateSchema: false, code: { optimize: false } };
  return new Ajv2020(options).compile(schema);
}
