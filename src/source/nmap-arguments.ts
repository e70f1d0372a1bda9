import { PortlogError } from '../core/errors.ts';
import { type NmapOption, nmapWords } from '../nmap/options.ts';

const PIPE = 'portlog reads the XML from a pipe';
const STDOUT = 'standard output carries the XML';

/** Options that would redirect the XML or write elsewhere, by nmap's long names. */
const REFUSED: Readonly<Record<string, string>> = {
  'oA': 'it names three files, of which portlog would need one',
  'oH': 'nmap writes no HTML',
  'resume': 'nmap then takes its options from an old log',
  'append-output': 'portlog reads one scan from the pipe',
  'stylesheet': 'it is for an XML file, and portlog writes none',
  'script-updatedb': "it rewrites nmap's own files; run it by hand",
};

/** Formats beside XML may go to files of their own. */
const OTHER_FORMATS: ReadonlySet<string> = new Set(['oN', 'oM', 'oG', 'oS', 'o', 'm']);

/**
 * nmap's arguments with what portlog needs: `-oX -`, and `-v` so that hosts that are down are listed. The user's `-oX FILE`
 * would override ours, so it is refused in every spelling, with a hint.
 */
export function nmapArguments(args: readonly string[]): readonly string[] {
  const { options, targets } = nmapWords(args);
  refuseSeveralInOne([...targets, ...options.filter(isSplitInTwo).map(({ word }) => word)]);
  for (const option of options) {
    const why = whyNot(option);
    if (why !== undefined) throw refused(option, why);
  }
  const has = (...names: readonly string[]): boolean => options.some(({ name }) => names.includes(name));
  return [...(has('oX') ? [] : ['-oX', '-']), ...(has('v', 'vv', 'verbose', 'd', 'debug') ? [] : ['-v']), ...args];
}

/** nmap takes the rest for a part of the option. Of `-p 80` it skips the blank. */
function isSplitInTwo({ name, value = '', isKnown }: NmapOption): boolean {
  return !isKnown || ((name === 's' || name === 'T') && /\s/.test(value));
}

function refuseSeveralInOne(words: readonly string[]): void {
  const several = words.find((word) => /\S\s+\S/.test(word) && !word.includes('='));
  if (several === undefined) return;
  throw new PortlogError('nmap-arguments', `"${several.trim().split(/\s/)[0] ?? ''} …" is one argument for nmap, with a space in it`, {
    hint: 'write each word as a separate argument: nmap: [-sV, 192.0.2.0/24] in the configuration, no quotes around them all in a shell',
  });
}

function whyNot({ name, value }: NmapOption): string | undefined {
  if (Object.hasOwn(REFUSED, name)) return REFUSED[name];
  if (name === 'oX') return value === '-' ? undefined : PIPE;
  if (!OTHER_FORMATS.has(name)) return undefined;
  // `-oXscan.xml`: an nmap before 7.80 writes a file Xscan.xml, a newer one refuses it.
  if (name === 'o' && /^[XA]/.test(value ?? '')) return PIPE;
  return value === '-' || (name === 'o' && /^[NMGS]-$/.test(value ?? '')) ? STDOUT : undefined;
}

function refused({ name, word }: NmapOption, why: string): PortlogError {
  const shown = name.length === 1 || /^o[A-Z]$/.test(name) ? `-${name}` : `--${name}`;
  return new PortlogError(
    'nmap-arguments',
    `nmap's option ${shown}${word === shown ? '' : ` (written ${word})`} cannot be used with portlog scan: ${why}`,
    {
      hint: 'leave it out; to keep the XML as well, run nmap -oX FILE … yourself and then portlog FILE, or use -oN FILE here',
    },
  );
}
