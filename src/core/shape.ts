/** Whether a value is as it was written: what was read from a disk need not be. */
export type Shape = (value: unknown) => boolean;

export const text: Shape = (value) => typeof value === 'string';
export const number: Shape = (value) => typeof value === 'number';
export const anything: Shape = (value) => value !== undefined;

export function optional(shape: Shape): Shape {
  return (value) => value === undefined || shape(value);
}

export function either(...shapes: readonly Shape[]): Shape {
  return (value) => shapes.some((shape) => shape(value));
}

export function oneOf(...values: readonly unknown[]): Shape {
  return (value) => values.includes(value);
}

export function listOf(shape: Shape): Shape {
  return (value) => Array.isArray(value) && value.every(shape);
}

/** An object with any names, and values of one shape. */
export function tableOf(shape: Shape): Shape {
  return (value) => isObject(value) && Object.values(value).every(shape);
}

/** An object that has these; what else it has is not looked at. */
export function record(fields: Readonly<Record<string, Shape>>): Shape {
  const all = Object.entries(fields);
  return (value) => isObject(value) && all.every(([name, shape]) => shape(value[name]));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** JSON of the shape, or undefined when it is something else. */
export function parsedAs(json: unknown, shape: Shape): unknown {
  if (typeof json !== 'string') return undefined;
  try {
    const value: unknown = JSON.parse(json);
    return shape(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
