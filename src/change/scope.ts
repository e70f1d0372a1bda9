import type { TargetLists } from '../nmap/target-lists.ts';
import { AddressSet } from '../nmap/address-set.ts';
import { wordsOf } from '../nmap/command-line.ts';

/** Which addresses a run was told to look at; `why` says what cannot be known from its arguments. */
type Scope = { readonly known: true; readonly addresses: AddressSet } | { readonly known: false; readonly why: string };

/** Options whose value is a word of its own (nmap 7.9x, `nmap --help` and nmap.cc). */
const WITH_VALUE: ReadonlySet<string> = new Set(
  `-p -e -S -D -g -b -sI -oX -oN -oG -oS -oA -oM -M -T -m --top-ports --port-ratio --exclude-ports --min-rate --max-rate --min-hostgroup
   --max-hostgroup --min-parallelism --max-parallelism --min-rtt-timeout --max-rtt-timeout --initial-rtt-timeout --max-retries
   --host-timeout --scan-delay --max-scan-delay --script --script-args --script-args-file --script-help --script-timeout
   --version-intensity --source-port --data --data-string --data-length --ip-options --ttl --spoof-mac --proxies --proxy
   --dns-servers --datadir --servicedb --versiondb --stylesheet --scanflags --mtu --stats-every --max-os-tries --nsock-engine
   --discovery-ignore-rst --resume --rate --source-ip --router-mac --adapter-ip --adapter --adapter-port
   -iL -iR --excludefile --exclude-file --includefile --exclude`.split(/\s+/),
);
/** They are kept with each run, and looked at again for each scan of the site: a stranger may have written them. */
export const MAX_LENGTH = 64 << 10;
/** Ranges beyond one for each word: `10.0-15.0-31.1` is 512 of them. */
const MAX_RANGES = 1024;
const ELSEWHERE = /^(?:-iL|-iR|--excludefile|--exclude-file|--includefile)/;
/** Those whose files portlog reads when it runs nmap. */
const LISTS = /^(?:-iL|--excludefile)/;
/** Where output goes and how much is said: no part of what a run does. */
const OUTPUT =
  /^(?:-o[XNGSAM].*|-v+|-v\d|--verbose|-d+|-d\d|--stats-every(?:=.*)?|--(?:append-output|webxml|no-stylesheet|noninteractive|open|reason)|--stylesheet(?:=.*)?|--resume)$/;
/** Options without a value, as far as they begin with two hyphens. */
const FLAGS =
  /^--(?:open|reason|packet-trace|traceroute|system-dns|osscan-limit|osscan-guess|fuzzy|version-(?:light|all|trace)|script-(?:trace|updatedb)|iflist|append-output|no-stylesheet|webxml|send-(?:eth|ip)|privileged|unprivileged|badsum|adler32|allports|disable-arp-ping|defeat-(?:rst|icmp)-ratelimit|unique|resolve-all|noninteractive|log-errors|release-memory|verbose|banners|ping|wait)$/;

/** nmap's command line, taken apart. */
export interface Arguments {
  readonly scope: Scope;
  /** Targets as they were written. */
  readonly targets: readonly string[];
  /** What of them is left out, as it was written. */
  readonly excluded: readonly string[];
  /** All the rest, but for where output goes and how much is said: two runs of one profile do the same. */
  readonly profile: string;
}

/**
 * Reads the scope from `nmaprun/@args`: addresses, CIDR, octet ranges, `--exclude`. A name, a list in a file,
 * random targets or an option that is not known here leave it unknown, because then nobody can say what
 * was not listed. `lists`: what the files of `-iL` and `--excludefile` hold, where that is known.
 */
export function argumentsOf(args: string | undefined, lists?: TargetLists): Arguments {
  if (args === undefined) return nothingKnown('the run does not tell its arguments');
  if (args.length > MAX_LENGTH) return nothingKnown('its arguments are too long');
  const words = wordsOf(args);
  const targets: string[] = [...(lists?.targets ?? [])];
  const excluded: string[] = [...(lists?.excluded ?? [])];
  const profile = [programOf(words[0])];
  let why: string | undefined;
  for (let i = 1; i < words.length; i++) {
    const word = words[i] as string;
    const taken = word.startsWith('-') && WITH_VALUE.has(word) ? [word, words[++i] ?? ''] : [word];
    if (OUTPUT.test(word)) continue;
    if (ELSEWHERE.test(word) && (lists === undefined || !LISTS.test(word))) why ??= `${word} names targets elsewhere`;
    if (word === '--exclude' || word.startsWith('--exclude=')) excluded.push(...(word.split('=')[1] ?? taken[1] ?? '').split(','));
    else if (!word.startsWith('-')) targets.push(word);
    else {
      if (taken.length === 1 && word.startsWith('--') && !word.includes('=') && !FLAGS.test(word)) why ??= `the option ${word} is not known here`;
      profile.push(...taken);
    }
  }
  return { scope: why === undefined ? scopeOf(targets, excluded) : { known: false, why }, targets, excluded, profile: profile.join(' ') };
}

function nothingKnown(why: string): Arguments {
  return { scope: { known: false, why }, targets: [], excluded: [], profile: '' };
}

function scopeOf(targets: readonly string[], excluded: readonly string[]): Scope {
  const inside = AddressSet.of(targets, targets.length + MAX_RANGES);
  const outside = AddressSet.of(excluded, excluded.length + MAX_RANGES);
  if (typeof inside === 'string') return { known: false, why: `"${inside}" is no address, or too many` };
  if (typeof outside === 'string') return { known: false, why: `"${outside}" is no address, or too many` };
  if (targets.length === 0) return { known: false, why: 'its arguments name no target' };
  return { known: true, addresses: inside.without(outside) };
}

/** `/usr/bin/nmap` and `nmap` are the same program. */
function programOf(word = ''): string {
  return word.slice(word.lastIndexOf('/') + 1);
}
