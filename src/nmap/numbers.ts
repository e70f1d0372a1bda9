const DECIMAL = /^-?\d{1,15}(?:\.\d{1,9})?$/;

/** The number that an attribute writes, or undefined when it is absent or none. */
export function decimal(value: string | undefined): number | undefined {
  return value !== undefined && DECIMAL.test(value) ? Number(value) : undefined;
}
