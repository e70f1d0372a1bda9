import { PortlogError } from '../../core/errors.ts';

/** The required first argument. */
export function neededWord([first]: readonly string[], command: string, what: string): string {
  if (first === undefined) throw new PortlogError('usage', `portlog ${command} needs ${what}`, { hint: `portlog ${command} --help` });
  return first;
}

/** Refuses surplus arguments. */
export function refuseExtraWords([surplus]: readonly string[], command: string): void {
  if (surplus !== undefined)
    throw new PortlogError('usage', `portlog ${command} does not know what to do with "${surplus}"`, { hint: `portlog ${command} --help` });
}
