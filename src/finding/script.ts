import type { Script, ScriptItem, ScriptTable, Service } from '../nmap/model.ts';
import { askedScripts } from './asked-scripts.ts';
import type { Subject } from './finding.ts';
import { fitsGlob } from '../core/glob.ts';

/** The source of findings by version detection (`-sV`). */
export const SERVICE = 'service';
/** The source of findings by port number alone. */
export const PORT = 'port';

/** Scripts that checks use and that run with `-sC` or `-A`, and those in the category `vuln` (nmap 7.9x, scripts/script.db). */
const DEFAULT = new Set(
  'ftp-anon ssl-cert smb-security-mode smb2-security-mode vnc-info snmp-info mongodb-info nfs-showmount rsync-list-modules sslv2 redis-info docker-version'.split(
    ' ',
  ),
);
const VULN =
  /-vuln-|^(?:ssl-poodle|ssl-heartbleed|ssl-ccs-injection|ssl-dh-params|sslv2-drown|http-shellshock|http-slowloris-check|vulners|smb-double-pulsar-backdoor|rsa-vuln-roca|ftp-vsftpd-backdoor|ftp-proftpd-backdoor)/;

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

/** Whether a script ran here, by the arguments, and did not fail: then no output means that it found nothing. */
function wasRequested(subject: Subject, id: string): boolean {
  const failed = scriptsAt(subject).some((script) => script.id === id && isError(script));
  return !failed && isRequested(subject.run.args ?? '', id);
}

/** Whether nmap's arguments ask for a script. */
export function isRequested(args: string, id: string): boolean {
  const { byDefault, words } = askedScripts(args);
  return (byDefault && DEFAULT.has(id)) || words.some((word) => isMeant(word, id));
}

function isMeant(word: string, id: string): boolean {
  if (word === 'all') return true;
  if (word === 'default') return DEFAULT.has(id);
  return word === 'vuln' ? VULN.test(id) : fitsGlob(word, id);
}

function isError({ output }: Script): boolean {
  return output !== undefined && /^\s*(?:ERROR:|false$)/.test(output);
}

/** Whether a source would have reported its finding again if it still held. */
export function wouldFindAgain(subject: Subject, source: string): boolean {
  // Only a detected service shows that something else listens there.
  if (source === SERVICE || source === PORT) return nameAsked(subject.port?.service) !== undefined;
  return scriptOf(subject, source) !== undefined || wasRequested(subject, source);
}

/** Whether a run with these arguments includes a source. */
export function looksFor(args: string | undefined, source: string): boolean {
  if (source === PORT) return true;
  return source === SERVICE ? askedScripts(args ?? '').asksServices : isRequested(args ?? '', source);
}

/** The name of a detected service. */
export function nameAsked(service: Service | undefined): string | undefined {
  // masscan writes no method; a banner counts as detection.
  const isAnswer = service?.method === 'probed' || service?.bannerType !== undefined;
  return isAnswer && service?.name !== 'tcpwrapped' ? service?.name : undefined;
}

export function tableOf(items: readonly ScriptItem[], key: string): readonly ScriptItem[] {
  return tables(items).find((table) => table.key === key)?.items ?? [];
}

export function tables(items: readonly ScriptItem[]): readonly ScriptTable[] {
  return items.filter((item): item is ScriptTable => 'items' in item);
}

export function valueOf(items: readonly ScriptItem[], key: string): string | undefined {
  for (const item of items) if ('value' in item && item.key === key) return item.value;
  return undefined;
}

/** Elements without a key: the members of a list. */
export function valuesIn(items: readonly ScriptItem[]): readonly string[] {
  return items.flatMap((item) => ('value' in item && item.key === undefined ? [item.value] : []));
}
