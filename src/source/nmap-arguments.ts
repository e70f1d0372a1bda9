import { PortlogError } from '../errors.ts';

/** Options that would send the XML elsewhere or take it from somewhere else. */
const REFUSED: Readonly<Record<string, string>> = {
  '-oA': 'it names three files, of which portlog would need one',
  '--resume': 'nmap then takes its options from an old log',
  '--append-output': 'portlog reads one scan from the pipe',
};

/**
 * nmap's arguments with what portlog needs: `-oX -`, and `-v` so that hosts that are down are
 * listed. An `-oX FILE` of the user's would win over ours, and nmap would print to the terminal
 * what portlog reads: refused, with what to do instead.
 */
export function nmapArguments(args: readonly string[]): readonly string[] {
  for (const [index, arg] of args.entries()) {
    const why = REFUSED[arg.slice(0, 3)] ?? REFUSED[arg];
    if (why !== undefined) throw refused(arg, why);
    const [, format, attached] = /^-o([XNGSM])(.*)$/.exec(arg) ?? [];
    if (format === undefined) continue;
    const target = attached === '' ? args[index + 1] : attached;
    if (format === 'X' && target !== '-') throw refused('-oX FILE', 'portlog reads the XML from a pipe');
    if (format !== 'X' && target === '-') throw refused(`-o${format} -`, 'standard output carries the XML');
  }
  const xml = args.includes('-oX') || args.includes('-oX-') ? [] : ['-oX', '-'];
  const verbose = args.some((arg) => /^-v+\d?$/.test(arg) || arg === '--verbose' || /^-d+\d?$/.test(arg)) ? [] : ['-v'];
  return [...xml, ...verbose, ...args];
}

function refused(option: string, why: string): PortlogError {
  return new PortlogError('nmap-arguments', `nmap's option ${option} does not go together with portlog scan: ${why}`, {
    hint: 'leave it out; to keep the XML as well, run nmap -oX FILE … yourself and then portlog FILE, or use -oN FILE here',
  });
}
