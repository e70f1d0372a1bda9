import type { TargetLists } from '../nmap/target-lists.ts';
import { AddressSet } from '../nmap/address-set.ts';
import { commandLine } from '../nmap/command-line.ts';
import { type NmapOption, nmapWords } from '../nmap/options.ts';

/**
 * The addresses that a run was asked to scan; `made`: number of ranges that targets and exclusions consist of. `why`: the reason when they are
 * unknown.
 */
type Scope = { readonly known: true; readonly addresses: AddressSet; readonly made: number } | { readonly known: false; readonly why: string };

/** Limit on arguments, which are stored with each run and parsed for each scan of the site. */
export const MAX_LENGTH = 64 << 10;
/** Most ranges in addition to one per word: `10.0-15.0-31.1` is 512 of them. */
const MAX_RANGES = 1024;
/** Options that take targets from elsewhere, by nmap's long names. */
const ELSEWHERE: ReadonlySet<string> = new Set(['iL', 'i', 'iR', 'excludefile', 'exclude-file', 'includefile']);
/** Options whose files portlog reads when it runs nmap. */
const LISTS: ReadonlySet<string> = new Set(['iL', 'i', 'excludefile']);
/** Options about output and verbosity, which do not change what is scanned. */
const OUTPUT: ReadonlySet<string> = new Set(
  `oA oN oM oG oS oH oX o m v vv verbose d debug stats-every append-output webxml no-stylesheet noninteractive open reason stylesheet
   resume`.split(/\s+/),
);

/** The parts of nmap's command line that decide what a run scans. */
export interface Arguments {
  readonly scope: Scope;
  /** Targets as they were written. */
  readonly targets: readonly string[];
  /** Excluded targets as they were written. */
  readonly excluded: readonly string[];
  /** All other options, except those about output and verbosity: two runs of one profile do the same. */
  readonly profile: string;
  /** `--open`: ports that are not open are left out. */
  readonly openOnly: boolean;
  /** `-v`, `-d`: hosts that are down are listed. */
  readonly verbose: boolean;
}

/**
 * Reads the scope from `nmaprun/@args`: addresses, CIDR, octet ranges, `--exclude`. Names, lists in files, random targets and
 * unknown options leave it unknown. `lists`: what the files of `-iL` and `--excludefile` hold, where that is known.
 */
export function argumentsOf(args: string | undefined, lists?: TargetLists): Arguments {
  if (args === undefined) return nothingKnown('the run does not contain its arguments');
  if (args.length > MAX_LENGTH) return nothingKnown('its arguments are too long');
  if (lists !== undefined) return readArguments(args, lists);
  if (latest?.args !== args) latest = { args, read: readArguments(args) };
  return latest.read;
}

/** Cached, because arguments are asked for several times in a row, and parsing 10 KB of `10.0-15.0-31.7` takes a millisecond. */
let latest: { readonly args: string; readonly read: Arguments } | undefined;

function readArguments(args: string, lists?: TargetLists): Arguments {
  const { words: all, unreadableFrom } = commandLine(args);
  const [path, ...words] = all.map(({ text }) => text);
  const program = programOf(path);
  const { options, targets: written } = nmapWords(words, program === 'masscan' ? 'masscan' : 'nmap');
  const targets = [...(lists?.targets ?? []), ...written];
  const excluded = [...(lists?.excluded ?? []), ...options.filter(isExclusion).flatMap(({ value = '' }) => value.split(','))];
  const unreadable = unreadableFrom === undefined ? [] : ['a quote in them has no end, or none can stand there'];
  const [why] = [...unreadable, ...options.flatMap((option) => whyUnknown(option, lists) ?? [])];
  return {
    scope: why === undefined ? scopeOf(targets, excluded) : { known: false, why },
    targets,
    excluded,
    profile: [program, ...profileOf(options)].join(' '),
    openOnly: options.some(({ name }) => name === 'open'),
    verbose: options.some(isVerbose),
  };
}

function nothingKnown(why: string): Arguments {
  return { scope: { known: false, why }, targets: [], excluded: [], profile: '', openOnly: false, verbose: false };
}

function isExclusion({ name }: NmapOption): boolean {
  return name === 'exclude';
}

/** Whether an option makes nmap verbose; `-v0` does not. */
function isVerbose({ name, value }: NmapOption): boolean {
  return name === 'verbose' || name === 'vv' || name === 'debug' || ((name === 'v' || name === 'd') && value !== '0');
}

/** Why an option makes the scope unknown. */
function whyUnknown({ name, word, value, isKnown }: NmapOption, lists: TargetLists | undefined): string | undefined {
  if (ELSEWHERE.has(name)) return lists === undefined || !LISTS.has(name) ? `${word} names targets elsewhere` : undefined;
  // The next word may be its value or a target.
  return isKnown || value !== undefined ? undefined : `the option ${word} is not known here`;
}

/** The options that decide what is done, as they were written. */
function profileOf(options: readonly NmapOption[]): readonly string[] {
  const byWord = Map.groupBy(options, ({ at }) => at);
  return [...byWord.values()].flatMap((here) => {
    if (here.every((option) => OUTPUT.has(option.name) || isExclusion(option))) return [];
    const last = here.at(-1);
    return last === undefined ? [] : last.valueAt === last.at ? [last.word] : [last.word, last.value ?? ''];
  });
}

function scopeOf(targets: readonly string[], excluded: readonly string[]): Scope {
  const inside = AddressSet.of(targets, targets.length + MAX_RANGES);
  const outside = AddressSet.of(excluded, excluded.length + MAX_RANGES);
  if (typeof inside === 'string') return { known: false, why: `"${inside}" is not an address, or stands for too many` };
  if (typeof outside === 'string') return { known: false, why: `"${outside}" is not an address, or stands for too many` };
  if (targets.length === 0) return { known: false, why: 'its arguments name no target' };
  return { known: true, addresses: inside.without(outside), made: inside.ranges + outside.ranges };
}

/** `/usr/bin/nmap` and `nmap` are the same program. */
function programOf(word = ''): string {
  return word.slice(word.lastIndexOf('/') + 1);
}
