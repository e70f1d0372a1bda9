import { BlockList, isIP, isIPv4 } from 'node:net';

/** Which addresses a run was told to look at; `why` says what cannot be known from its arguments. */
export type Scope = { readonly known: true; contains(address: string): boolean } | { readonly known: false; readonly why: string };

/** Options whose value is a word of its own (nmap 7.9x, `nmap --help` and nmap.cc). */
const WITH_VALUE: ReadonlySet<string> = new Set(
  `-p -e -S -D -g -b -sI -oX -oN -oG -oS -oA -oM -M -T -m --top-ports --port-ratio --exclude-ports --min-rate --max-rate --min-hostgroup
   --max-hostgroup --min-parallelism --max-parallelism --min-rtt-timeout --max-rtt-timeout --initial-rtt-timeout --max-retries
   --host-timeout --scan-delay --max-scan-delay --script --script-args --script-args-file --script-help --script-timeout
   --version-intensity --source-port --data --data-string --data-length --ip-options --ttl --spoof-mac --proxies --proxy
   --dns-servers --datadir --servicedb --versiondb --stylesheet --scanflags --mtu --stats-every --max-os-tries --nsock-engine
   --discovery-ignore-rst --resume --rate --source-ip --router-mac --adapter-ip --adapter --adapter-port`.split(/\s+/),
);
/** Options without a value, as far as they begin with two hyphens. */
const FLAGS =
  /^--(?:open|reason|packet-trace|traceroute|system-dns|osscan-limit|osscan-guess|fuzzy|version-(?:light|all|trace)|script-(?:trace|updatedb)|iflist|append-output|no-stylesheet|webxml|send-(?:eth|ip)|privileged|unprivileged|badsum|adler32|allports|disable-arp-ping|defeat-(?:rst|icmp)-ratelimit|unique|resolve-all|noninteractive|log-errors|release-memory|verbose|banners|ping|wait)$/;

/**
 * Reads the scope from `nmaprun/@args`: addresses, CIDR, octet ranges, `--exclude`. A name, a list in a file,
 * random targets or an option that is not known here leave it unknown, because then nobody can say what
 * was not listed.
 */
export function scopeOf(args: string | undefined): Scope {
  if (args === undefined) return { known: false, why: 'the run does not tell its arguments' };
  const words = args.split(/\s+/).filter((word) => word !== '');
  const targets: string[] = [];
  const excluded: string[] = [];
  // The first word is the program.
  for (let i = 1; i < words.length; i++) {
    const word = words[i] as string;
    if (/^(?:-iL|-iR|--excludefile|--exclude-?file|--includefile)/.test(word)) return { known: false, why: `${word} names targets elsewhere` };
    if (word === '--exclude' || word.startsWith('--exclude=')) excluded.push(...(word.split('=')[1] ?? words[++i] ?? '').split(','));
    else if (WITH_VALUE.has(word)) i++;
    else if (word.startsWith('--') && !word.includes('=') && !FLAGS.test(word)) return { known: false, why: `the option ${word} is not known here` };
    else if (!word.startsWith('-')) targets.push(word);
  }
  const inside = matcher(targets);
  const outside = matcher(excluded);
  if (typeof inside === 'string') return { known: false, why: `"${inside}" is no address` };
  if (typeof outside === 'string') return { known: false, why: `"${outside}" is no address` };
  if (targets.length === 0) return { known: false, why: 'its arguments name no target' };
  return { known: true, contains: (address) => inside(address) && !outside(address) };
}

/** Whether an address is one of those; the word that is none instead, if there is one. */
function matcher(words: readonly string[]): ((address: string) => boolean) | string {
  const list = new BlockList();
  const patterns: (readonly ReadonlySet<number>[])[] = [];
  for (const word of words) {
    const [address = '', bits] = word.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    const octets = octetsOf(word);
    if (isIP(address) !== 0 && bits === undefined) list.addAddress(address, family);
    else if (isIP(address) !== 0 && /^\d{1,3}$/.test(bits ?? '') && Number(bits) <= (family === 'ipv6' ? 128 : 32))
      list.addSubnet(address, Number(bits), family);
    else if (octets !== undefined) patterns.push(octets);
    else return word;
  }
  return (address) =>
    list.check(address, isIPv4(address) ? 'ipv4' : 'ipv6') ||
    (isIPv4(address) && patterns.some((octets) => address.split('.').every((octet, i) => octets[i]?.has(Number(octet)))));
}

/** `10.0.0-5.1,7` or `192.168.3.*`, as four sets. */
function octetsOf(word: string): readonly ReadonlySet<number>[] | undefined {
  const parts = word.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^(?:\*|[\d,-]+)$/.test(part))) return undefined;
  return parts.map((part) => new Set(part.split(',').flatMap(numbersIn)));
}

function numbersIn(range: string): readonly number[] {
  if (range === '*') return numbersIn('0-255');
  const [first = '', last = first] = range.split('-');
  const from = first === '' ? 0 : Number(first);
  const to = last === '' ? 255 : Number(last);
  return to > 255 || from > to ? [] : Array.from({ length: to - from + 1 }, (_, i) => from + i);
}
