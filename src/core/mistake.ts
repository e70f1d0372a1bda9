import { PortlogError } from './errors.ts';

/**
 * What no code here has foreseen, as an error that ends nothing but what it happened to. `what`: what was
 * being done, and to what. A PortlogError passes as it is.
 */
export function mistake(what: string, error: unknown): PortlogError {
  if (error instanceof PortlogError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new PortlogError('mistake', `${what} failed by a mistake in portlog: ${reason}`, {
    hint: 'please report it, with the file if it may be seen by others; --verbose shows where it happened',
    cause: error,
  });
}

/** Whether an error of a part is a mistake of ours, and says nothing about what the part talks to. */
export function isOurs({ cause }: Error): boolean {
  return cause instanceof PortlogError && cause.code === 'mistake';
}
