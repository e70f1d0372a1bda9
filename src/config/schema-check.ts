import type { ValidateFunction } from 'ajv';

/** Compiles a JSON Schema of ours. Tests check the schemas themselves: with that, and with code made smaller that runs once, it takes twice as long. */
export async function schemaCheck(schema: object): Promise<ValidateFunction> {
  const { Ajv2020 } = await import('ajv/dist/2020.js');
  const options = { allErrors: true, verbose: true, allowUnionTypes: true, discriminator: true, validateSchema: false, code: { optimize: false } };
  return new Ajv2020(options).compile(schema);
}
