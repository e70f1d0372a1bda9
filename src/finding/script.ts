import type { Script, Service } from '../nmap/model.ts';
import { askedScripts } from './asked-scripts.ts';
import { categoriesOf } from './script-categories.ts';
import type { Subject } from './finding.ts';
import { fitsGlob } from '../core/glob.ts';
import { PORT, SERVICE } from '../event/finding-source.ts';

/** The script of that name at the subject, unless it is absent or failed. */
export function scriptOf(subject: Subject, id: string): Script | undefined {
  const script = scriptsAt(subject).find((one) => one.id === id);
  return script === undefined || isError(script) ? undefined : script;
}

/** Scripts that did not fail. */
export function scriptsOf(subject: Subject): readonly Script[] {
  return scriptsAt(subject).filter((script) => !isError(script));
}

/** All scripts with output at the subject. */
export function scriptsAt({ port, host }: Subject): readonly Script[] {
  return port === undefined ? host.hostscripts : port.scripts;
}

/** Whether nmap's arguments ask for a script, by its name or category. */
export function isRequested(args: string, id: string): boolean {
  const { byDefault, asksServices, words } = askedScripts(args);
  const categories = categoriesOf(id);
  if ((byDefault && categories.includes('default')) || (asksServices && categories.includes('version'))) return true;
  return words.some((word) => word === 'all' || categories.includes(word) || fitsGlob(word, id));
}

/** Whether nmap may have stopped a script at a host that took this many seconds (undefined: unknown), so that its output is missing. */
export function mayHaveStopped(args: string, seconds: number | undefined): boolean {
  const { stopsAfter } = askedScripts(args);
  return stopsAfter !== Number.POSITIVE_INFINITY && (seconds === undefined || seconds >= stopsAfter);
}

/** Scripts whose output begins with what the server says: a name of its own must not pass for an error. */
const QUOTES_THE_SERVER: ReadonlySet<string> = new Set(['snmp-sysdescr', 'rsync-list-modules', 'banner', 'finger', 'http-title']);

/** What nmap itself says, and nothing behind it. */
const OWN_ERROR = /^ERROR: (?:Script execution failed|Failed to connect)\b[^\t\n]*$/;

/** Whether a script failed: nmap says so, or the script itself (`stdnse.format_output(false, …)`). */
export function isError({ id = '', output }: Script): boolean {
  if (output === undefined) return false;
  // Of rsync's modules, a tab stands before the comment.
  if (QUOTES_THE_SERVER.has(id)) return /^\s*false$/.test(output) || OWN_ERROR.test(output.trim());
  return /^\s*(?:ERROR:|false$)/.test(output);
}

/** Whether a run with these arguments includes a source. */
export function looksFor(args: string | undefined, source: string): boolean {
  if (source === PORT) return true;
  return source === SERVICE ? askedScripts(args ?? '').asksServices : isRequested(args ?? '', source);
}

/** The name of a detected service; undefined when it is guessed from the port number. */
export function nameAsked(service: Service | undefined): string | undefined {
  // masscan writes no method; a banner counts as detection.
  const isAnswer = service?.method === 'probed' || service?.bannerType !== undefined;
  return isAnswer && service?.name !== 'tcpwrapped' ? service?.name : undefined;
}
