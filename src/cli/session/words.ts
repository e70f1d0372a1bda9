import { PortlogError } from '../../core/errors.ts';

/** The required first argument. */
export function neededWord([first]: readonly string[], command: string, what: string): string {
  if (first === undefined) throw new PortlogError('usage', `portlog ${command} needs ${what}`, { hint: `portlog ${command} --help` });
  return first;
}

/** Refuses surplus arguments. */
export function refuseExtraWords([surplus]: readonly string[], command: string): void {
  if (surplus !== undefined)
    throw new PortlogError('usage', `portlog ${command} does not know what to do with "${surplus}"`, { hint: whatElse(surplus, command) });
}

const HAVE_CONFIG: ReadonlySet<string> = new Set(['run', 'status', 'check', 'inventory', 'findings', 'replay']);

/** Suggests the right place for a file. */
function whatElse(word: string, command: string): string {
  if (SCAN.test(word)) return `to ship a scan: portlog ${word}`;
  if (/\.ya?ml$/.test(word) && HAVE_CONFIG.has(command)) return `the configuration: portlog ${command} --config ${word}`;
  return `portlog ${command} --help`;
}

/** A file that is to be shipped rather than scanned. */
export const SCAN = /\.xml(?:\.gz)?$/;
