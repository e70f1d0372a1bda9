const DECIMAL = /^-?\d{1,15}(?:\.\d{1,9})?$/;

/** The value of a numeric attribute; undefined when it is absent or not a number. */
export function decimal(value: string | undefined): number | undefined {
  return value !== undefined && DECIMAL.test(value) ? Number(value) : undefined;
}
