import { PortlogError } from './errors.ts';

/**
 * Wraps an unexpected error (a bug of portlog) so that it fails only the operation at hand. `what`: what was being done, and
 * to what. A PortlogError is returned as it is.
 */
export function mistake(what: string, error: unknown): PortlogError {
  if (error instanceof PortlogError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new PortlogError('mistake', `${what} failed because of a bug in portlog: ${reason}`, {
    hint: 'please report it, with the file if it may be seen by others; --verbose shows where it happened',
    cause: error,
  });
}

/** Whether an error is a bug of portlog, which says nothing about the server. */
export function isMistake({ cause }: Error): boolean {
  return cause instanceof PortlogError && cause.code === 'mistake';
}
