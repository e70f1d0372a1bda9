import { PortlogError } from '../../core/errors.ts';

/** The first word, which the command cannot do without. */
export function neededWord([first]: readonly string[], command: string, what: string): string {
  if (first === undefined) throw new PortlogError('usage', `portlog ${command} needs ${what}`, { hint: `portlog ${command} --help` });
  return first;
}

/** Refuses words behind those that the command knows what to do with. */
export function refuseExtraWords([surplus]: readonly string[], command: string): void {
  if (surplus !== undefined)
    throw new PortlogError('usage', `portlog ${command} does not know what to do with "${surplus}"`, { hint: `portlog ${command} --help` });
}
