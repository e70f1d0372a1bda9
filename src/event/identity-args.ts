const NAME = /pass|pwd|secret|token|api[_-]?key|cred|community|private[_-]?key|auth|hash/i;
const RUN = /[\w.-]+/g;
const BETWEEN = /\s*=\s*/y;
const BARE = /[^\s,"'}]+/y;
const CLOSING: Readonly<Record<string, string>> = { '{': '}', '"': '"', "'": "'" };

/**
 * The arguments as they enter `nmap.scan.id`, unchanged since the first version so that scans keep their ids; what people read
 * is masked better (docs/decisions/0023-masking.md). Linear in its length.
 */
export function identityArguments(args: string): string {
  return withoutUserInfo(withoutNamed(args));
}

/** `smbpassword=…`: the value in quotes or braces, or up to a comma, quote, brace or space. */
function withoutNamed(args: string): string {
  const ends = new Map<string, boolean>();
  let out = '';
  let taken = 0;
  RUN.lastIndex = 0;
  for (let run = RUN.exec(args); run !== null; run = RUN.exec(args)) {
    if (!NAME.test(run[0])) continue;
    const start = endOf(BETWEEN, args, RUN.lastIndex);
    const end = start === undefined ? undefined : (endOfEnclosed(args, start, ends) ?? endOf(BARE, args, start));
    if (start === undefined || end === undefined) continue;
    out += `${args.slice(taken, start)}***`;
    taken = end;
    RUN.lastIndex = end;
  }
  return out + args.slice(taken);
}

function endOfEnclosed(args: string, start: number, none: Map<string, boolean>): number | undefined {
  const closing = CLOSING[args[start] ?? ''];
  if (closing === undefined || none.get(closing) === true) return undefined;
  const at = args.indexOf(closing, start + 1);
  if (at === -1) none.set(closing, true);
  return at === -1 ? undefined : at + 1;
}

function endOf(pattern: RegExp, text: string, at: number): number | undefined {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : undefined;
}

const SCHEME = /(?<![a-z0-9+.-])[a-z0-9+.-]+:\/\//gi;
const USER_INFO = /[^\s/@]+@/y;
/** The scheme begins with a letter that begins a word. */
const BEGINS = /\b[a-z]/i;

function withoutUserInfo(args: string): string {
  let out = '';
  let taken = 0;
  for (const { index, 0: scheme } of args.matchAll(SCHEME)) {
    const start = index + scheme.length;
    if (start < taken || !BEGINS.test(args.slice(Math.max(index - 1, 0), start))) continue;
    const end = endOf(USER_INFO, args, start);
    if (end === undefined) continue;
    out += `${args.slice(taken, start)}***@`;
    taken = end;
  }
  return out + args.slice(taken);
}
