/** A type guard for data that was read from disk or from a server. */
export type Shape<T = unknown> = (value: unknown) => value is T;
/** The type that a shape checks for. */
export type Shaped<S> = S extends Shape<infer T> ? T : never;

export const text: Shape<string> = (value) => typeof value === 'string';
export const number: Shape<number> = (value) => typeof value === 'number';
export const boolean: Shape<boolean> = (value) => typeof value === 'boolean';
export const anything: Shape = (value): value is unknown => value !== undefined;
/** Any object. */
export const object: Shape<Readonly<Record<string, unknown>>> = (value): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export function optional<T>(shape: Shape<T>): Shape<T | undefined> {
  return (value) => value === undefined || shape(value);
}

/** Servers may write null for an absent value. */
export function nullable<T>(shape: Shape<T>): Shape<T | null | undefined> {
  return (value) => value === undefined || value === null || shape(value);
}

export function either<S extends readonly Shape[]>(...shapes: S): Shape<Shaped<S[number]>> {
  return (value): value is Shaped<S[number]> => shapes.some((shape) => shape(value));
}

export function oneOf<T>(...values: readonly T[]): Shape<T> {
  return (value): value is T => values.includes(value as T);
}

export function listOf<T>(shape: Shape<T>): Shape<readonly T[]> {
  return (value) => Array.isArray(value) && value.every(shape);
}

/** An object with any keys whose values have one shape. */
export function tableOf<T>(shape: Shape<T>): Shape<Readonly<Record<string, T>>> {
  return (value): value is Readonly<Record<string, T>> => object(value) && Object.values(value).every(shape);
}

/** An object with these members; others are ignored. */
export function record<F extends Readonly<Record<string, Shape>>>(fields: F): Shape<{ readonly [Name in keyof F]: Shaped<F[Name]> }> {
  const all = Object.entries(fields);
  return (value): value is never => object(value) && all.every(([name, shape]) => shape(value[name]));
}

/** Parses JSON; undefined when it is invalid or has another shape. */
export function parsedAs<T>(json: unknown, shape: Shape<T>): T | undefined {
  if (typeof json !== 'string') return undefined;
  try {
    const value: unknown = JSON.parse(json);
    return shape(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
