/** An option as nmap understands it. */
export interface NmapOption {
  /** Its full long name, or its letter. */
  readonly name: string;
  readonly value: string | undefined;
  /** As it was written. */
  readonly word: string;
  /** Index of the option's word, and of the word with its value (the same or the next). One word may hold several letters. */
  readonly at: number;
  readonly valueAt: number;
  readonly isKnown: boolean;
}

/** nmap's command line, parsed as nmap does. */
export interface NmapWords {
  readonly options: readonly NmapOption[];
  readonly targets: readonly string[];
}

/* From nmap.cc of 7.80 to 7.98: https://github.com/nmap/nmap/blob/master/nmap.cc (parse_options). */
const FLAGS = `version verbose help iflist release-memory nogcc open defeat-rst-ratelimit defeat-icmp-ratelimit randomize-hosts osscan-limit
  osscan-guess fuzzy packet-trace version-trace send-eth send-ip no-stylesheet webxml rH vv ff privileged unprivileged append-output
  noninteractive thc badsum traceroute reason allports version-light version-all system-dns resolve-all unique log-errors
  deprecated-xml-osclass script-trace script-updatedb noscript adler32 disable-arp-ping discovery-ignore-rst`.split(/\s+/);
const VALUED = `datadir servicedb versiondb max-os-tries max-parallelism min-parallelism timing max-rtt-timeout min-rtt-timeout initial-rtt-timeout
  excludefile exclude max-hostgroup min-hostgroup scanflags host-timeout scan-delay max-scan-delay max-retries oA oN oM oG oS oH oX iL iR sI
  source-port nsock-engine proxies proxy data data-string data-length stylesheet mtu spoof-mac ttl version-intensity dns-servers port-ratio
  top-ports exclude-ports script script-args script-args-file script-help script-timeout ip-options min-rate max-rate stats-every route-dst
  resume`.split(/\s+/);
/* https://github.com/robertdavidgraham/masscan/blob/master/src/main-conf.c, as far as masscan accepts nmap's options. */
const MASSCAN_FLAGS = ['banners', 'ping', 'open-only', 'offline'];
const MASSCAN_VALUED = ['rate', 'wait', 'ports', 'source-ip', 'router-mac', 'adapter', 'adapter-ip', 'adapter-port', 'exclude-file', 'includefile'];

type Kind = 'flag' | 'value' | 'perhaps';
type Long = ReadonlyMap<string, Kind>;

const LONG: Long = new Map<string, Kind>([
  ...FLAGS.map((name) => [name, 'flag'] as const),
  ...VALUED.map((name) => [name, 'value'] as const),
  ['debug', 'perhaps'],
]);
const LONG_OF_MASSCAN: Long = new Map<string, Kind>([
  ...LONG,
  ...MASSCAN_FLAGS.map((name) => [name, 'flag'] as const),
  ...MASSCAN_VALUED.map((name) => [name, 'value'] as const),
]);
const SHORT = new Map<string, Kind>([
  ...'6AFfhInqRrV'.split('').map((letter) => [letter, 'flag'] as const),
  ...'bDegiMmoPpSsT'.split('').map((letter) => [letter, 'value'] as const),
  ...'dOv'.split('').map((letter) => [letter, 'perhaps'] as const),
]);

/**
 * Parses nmap's arguments by the rules of getopt_long_only(3), which nmap uses: a long option may have one hyphen or two and
 * may be abbreviated, a value follows `=` or is the next word, and options may follow targets. An unknown option counts as one
 * without a value; nmap will refuse it. `args`: without the program itself.
 */
export function nmapWords(args: readonly string[], program: 'nmap' | 'masscan' = 'nmap'): NmapWords {
  const long = program === 'masscan' ? LONG_OF_MASSCAN : LONG;
  const options: NmapOption[] = [];
  const targets: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const word = args[at] as string;
    if (word === '--') return { options, targets: [...targets, ...args.slice(at + 1)] };
    if (!word.startsWith('-') || word === '-') {
      targets.push(word);
      continue;
    }
    const first = at;
    for (const { name, value, wantsNext, isKnown } of optionsIn(word, long)) {
      if (wantsNext) at++;
      options.push({ name, value: wantsNext ? args[at] : value, word, at: first, valueAt: at, isKnown });
    }
  }
  return { options, targets };
}

/** The option that a value in or behind the word belongs to; without a name when the word is no option. */
export function lastOptionIn(word: string): Pick<NmapOption, 'name' | 'value'> {
  return word.startsWith('-') && word !== '-' && word !== '--' ? (optionsIn(word, LONG).at(-1) ?? NAMELESS) : NAMELESS;
}

const NAMELESS = { name: '', value: undefined };

/** Whether nmap has an option with this full long name. */
export function isKnownOption(name: string): boolean {
  return LONG.has(name);
}

/** The options in one word: a long one, or letters. */
function optionsIn(word: string, long: Long): readonly TakenOption[] {
  return isLong(word, long) ? [longOption(word, long)] : letters(word);
}

interface TakenOption {
  readonly name: string;
  readonly value: string | undefined;
  /** Whether the next word is its value. */
  readonly wantsNext: boolean;
  readonly isKnown: boolean;
}

/** With one hyphen, a word is a long option if it is one or abbreviates one; else it is letters. */
function isLong(word: string, long: Long): boolean {
  if (word.startsWith('--')) return true;
  const first = word[1] as string;
  if (word.length === 2 && SHORT.has(first)) return false;
  return named(word, long) !== undefined || !SHORT.has(first);
}

function longOption(word: string, long: Long): TakenOption {
  const known = named(word, long);
  const name = known ?? spelled(word);
  const equals = word.indexOf('=');
  const value = equals === -1 ? undefined : word.slice(equals + 1);
  return { name, value, wantsNext: value === undefined && long.get(name) === 'value', isKnown: known !== undefined };
}

/** The full name of the long option that a word is or abbreviates. */
function named(word: string, long: Long): string | undefined {
  const beginning = spelled(word);
  if (long.has(beginning)) return beginning;
  const possible = [...long.keys()].filter((name) => name.startsWith(beginning));
  return possible.length === 1 ? possible[0] : undefined;
}

/** Older versions of nmap accept an underscore for a hyphen. */
function spelled(word: string): string {
  return word.replace(/^--?/, '').split('=', 1)[0]?.replaceAll('_', '-') ?? '';
}

function letters(word: string): readonly TakenOption[] {
  const taken: TakenOption[] = [];
  for (let at = 1; at < word.length; at++) {
    const name = word[at] as string;
    const kind = SHORT.get(name) ?? 'flag';
    const isKnown = SHORT.has(name);
    const rest = word.slice(at + 1);
    if (kind === 'flag') taken.push({ name, value: undefined, wantsNext: false, isKnown });
    else return [...taken, { name, value: rest === '' ? undefined : rest, wantsNext: kind === 'value' && rest === '', isKnown }];
  }
  return taken;
}
