import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { PortlogError } from '../core/errors.ts';
import { reasonOf } from '../core/reason.ts';
import { openRegular } from '../core/open-regular.ts';

/** A scan in a watched directory. */
export interface FoundFile {
  /** Its name for people and for the state; bytes that are not UTF-8 are escaped as `\\xE4`. */
  readonly name: string;
  readonly path: string;
  /** Path or bytes for opening it. */
  readonly at: string | Buffer;
  /** The watched directory, for a file in one of its subdirectories. */
  readonly root?: string;
  /** Changes when the file is written, replaced, or its permissions change. */
  readonly version: string;
  /** Epoch milliseconds. */
  readonly modified: number;
  /** When anything about it changed, its content or its name; epoch milliseconds. */
  readonly written: number;
  /** Bytes. */
  readonly size: number;
}

export interface DirectoryListing {
  /** Finished scans, oldest first, because changes are detected in order of time. */
  readonly ready: readonly FoundFile[];
  /** Files that are still being written. */
  readonly unfinished: readonly FoundFile[];
  /** Names of all scans in it. */
  readonly names: ReadonlySet<string>;
  /** Symbolic links, which are not followed. */
  readonly links: readonly string[];
  /** Subdirectories that are skipped, and why. */
  readonly closed: readonly ClosedDirectory[];
}

interface ClosedDirectory {
  readonly name: string;
  readonly why: string;
}

/** Since when an unfinished file has been unchanged, by our clock; epoch milliseconds. */
interface Sightings {
  since(name: string, version: string, now: number): number;
  keepOnly(names: ReadonlySet<string>): void;
}

export interface DirectoryOptions {
  /** Age after which an unfinished file counts as complete, although its scan is cut. */
  readonly cutAfterMs: number;
  /** Whether the times of its files come from this machine's clock; a file server has its own. */
  readonly isOurClock: () => boolean;
  readonly sightings: Sightings;
  /** Include subdirectories. */
  readonly isRecursive?: boolean;
}

/** Limits of depth and number, because others may create directories there. */
const MAX_DEPTH = 8;
const MAX_DIRECTORIES = 1000;

/** So many files are asked about at once: there may be a hundred thousand. */
const AT_ONCE = 64;

const SCAN = /\.xml(?:\.gz)?$/i;
/** Bytes at the end of a file in which the end of the last run is searched. */
const TAIL_BYTES = 64 << 10;
/** The end of gzip cannot be recognised without decompressing: a file that was not written for so long is finished. `nmap -oX - | gzip > FILE` leaves it empty for longer. */
const GZIP_QUIET_MS = 30_000;

/**
 * The scans in a directory: files whose name ends in `.xml` or `.xml.gz`, with `isRecursive` also in subdirectories. Symbolic links are not
 * followed, because others who may write here could point them at files that only portlog may read. The directory is polled, because file
 * notifications do not work on network file systems.
 */
export class Directory {
  readonly path: string;
  private readonly options: DirectoryOptions;

  constructor(path: string, options: DirectoryOptions) {
    this.path = path;
    this.options = options;
  }

  /** Throws `input-unreadable` when it cannot be listed. `isWanted`: only these files are checked. */
  async look(now: number, isWanted: (file: FoundFile) => boolean): Promise<DirectoryListing> {
    const { entries, closed } = await this.list();
    const ready: FoundFile[] = [];
    const unfinished: FoundFile[] = [];
    const links: string[] = [];
    const isOurClock = this.options.isOurClock();
    for (let at = 0; at < entries.length; at += AT_ONCE) {
      const some = entries.slice(at, at + AT_ONCE);
      for (const [i, file] of (await Promise.all(some.map((entry) => this.describe(entry)))).entries()) {
        if (file === 'link') links.push(some[i]?.name ?? '');
        else if (file !== undefined && isWanted(file)) ((await this.isReady(file, now, isOurClock)) ? ready : unfinished).push(file);
      }
    }
    this.options.sightings.keepOnly(new Set(unfinished.map(({ name }) => name)));
    ready.sort((a, b) => a.modified - b.modified || (a.name < b.name ? -1 : 1));
    return { ready, unfinished, names: new Set(entries.map(({ name }) => name)), links, closed };
  }

  /** Names of files in directories within have those before them: `2026/january.xml`. */
  private async list(): Promise<{ readonly entries: readonly Entry[]; readonly closed: readonly ClosedDirectory[] }> {
    const { entries, directories } = await listed(this.path);
    if (this.options.isRecursive !== true) return { entries, closed: [] };
    // A list of lists, because others may create any number of files, and a call accepts only about 100,000 arguments.
    const all = [entries];
    const closed: ClosedDirectory[] = [];
    const open = directories.slice(0, MAX_DIRECTORIES).map((within) => ({ within, depth: 1 }));
    const leftOut = new LeftOut(directories.slice(MAX_DIRECTORIES));
    for (const { within, depth } of open) {
      const found = await listed(this.pathOf(within)).catch((error: PortlogError) => error);
      if (found instanceof Error) {
        closed.push({ name: within.name, why: found.message });
        continue;
      }
      all.push(found.entries.map((entry) => inside(within, entry)));
      for (const directory of found.directories) {
        const next = inside(within, directory);
        if (depth === MAX_DEPTH) leftOut.tooDeep(next);
        else if (open.length === MAX_DIRECTORIES) leftOut.tooMany(next);
        else open.push({ within: next, depth: depth + 1 });
      }
    }
    return { entries: all.flat(), closed: [...closed, ...leftOut.closed()] };
  }

  private pathOf({ name, at }: Entry): string | Buffer {
    return at === undefined ? join(this.path, name) : Buffer.concat([Buffer.from(`${this.path}/`), at]);
  }

  /** Undefined when it was deleted meanwhile, or is not a file. */
  private async describe({ name, at }: Entry): Promise<FoundFile | 'link' | undefined> {
    const path = join(this.path, name);
    const whole = this.pathOf({ name, at });
    const stats = await lstat(whole).catch(() => undefined);
    if (stats?.isSymbolicLink() === true) return 'link';
    if (stats?.isFile() !== true) return undefined;
    return {
      name,
      path,
      at: whole,
      ...(name.includes('/') ? { root: this.path } : {}),
      size: stats.size,
      version: `${stats.size} ${stats.ctimeMs}`,
      modified: stats.mtimeMs,
      written: stats.ctimeMs,
    };
  }

  private async isReady({ name, at, version, written, size }: FoundFile, now: number, isOurClock: boolean): Promise<boolean> {
    const isGzip = /\.gz$/i.test(name);
    if (!isGzip && size > 0 && endsARun(await tailOf(at, size))) return true;
    const since = this.options.sightings.since(name, version, now);
    // The modification time can be set by a copy, the change time cannot.
    const unchangedMs = now - (isOurClock ? Math.min(since, written) : since);
    return unchangedMs >= this.options.cutAfterMs || (isGzip && size > 0 && unchangedMs >= GZIP_QUIET_MS);
  }
}

/** Skipped directories (too many, too deep): the first of each, and their number. */
class LeftOut {
  private readonly deep = { first: '', count: 0 };
  private readonly many = { first: '', count: 0 };

  constructor(many: readonly Entry[]) {
    for (const entry of many) this.tooMany(entry);
  }

  tooDeep({ name }: Entry): void {
    if (this.deep.count++ === 0) this.deep.first = name;
  }

  tooMany({ name }: Entry): void {
    if (this.many.count++ === 0) this.many.first = name;
  }

  closed(): readonly ClosedDirectory[] {
    return [
      ...closedAs(this.deep, `it is deeper than ${MAX_DEPTH} directories`),
      ...closedAs(this.many, `there are more than ${MAX_DIRECTORIES} directories`),
    ];
  }
}

function closedAs({ first, count }: { readonly first: string; readonly count: number }, why: string): readonly ClosedDirectory[] {
  if (count === 0) return [];
  return [{ name: first, why: count === 1 ? why : `${why}; ${count - 1} others are left out, too` }];
}

/** Sightings of this process only. */
export class MemorySightings implements Sightings {
  private readonly seen = new Map<string, { readonly version: string; readonly since: number }>();

  since(name: string, version: string, now: number): number {
    const known = this.seen.get(name);
    if (known?.version === version && known.since <= now) return known.since;
    this.seen.set(name, { version, since: now });
    return now;
  }

  keepOnly(names: ReadonlySet<string>): void {
    for (const name of this.seen.keys()) if (!names.has(name)) this.seen.delete(name);
  }
}

interface Entry {
  readonly name: string;
  /** The name as bytes, when it is not valid UTF-8. */
  readonly at: Buffer | undefined;
}

/** The names of the scans in a directory, whether they are finished or not. Throws `input-unreadable` when it cannot be listed. */
export async function scansIn(path: string): Promise<readonly string[]> {
  return (await listed(path)).entries.map(({ name }) => name);
}

/** Files with the name of a scan, and directories, without hidden ones. */
async function listed(path: string | Buffer): Promise<{ readonly entries: readonly Entry[]; readonly directories: readonly Entry[] }> {
  try {
    const all = (await readdir(path, { encoding: 'buffer', withFileTypes: true })).map((one) => ({
      ...entryOf(one.name),
      isDirectory: one.isDirectory(),
    }));
    const shown = all.filter(({ name }) => !name.startsWith('.'));
    return {
      entries: shown.filter(({ name, isDirectory }) => SCAN.test(name) && !isDirectory),
      directories: shown.filter(({ isDirectory }) => isDirectory),
    };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const name = typeof path === 'string' ? path : entryOf(path).name;
    throw new PortlogError('input-unreadable', `the directory ${name} cannot be watched: ${reasonOf(error, 'directory')}`, {
      hint: code === 'ENOTDIR' ? `to ship a file: portlog ${name}` : 'check its path, its permissions, and whether it is mounted',
      cause: error,
    });
  }
}

/** An entry of a subdirectory, with the directory in its name. */
function inside(within: Entry, entry: Entry): Entry {
  const isPlain = within.at === undefined && entry.at === undefined;
  const bytes = ({ name, at }: Entry): Buffer => at ?? Buffer.from(name);
  return { name: `${within.name}/${entry.name}`, at: isPlain ? undefined : Buffer.concat([bytes(within), Buffer.from('/'), bytes(entry)]) };
}

function entryOf(bytes: Buffer): Entry {
  const name = bytes.toString('utf8');
  if (!name.includes('\uFFFD') || Buffer.from(name).equals(bytes)) return { name, at: undefined };
  const written = bytes.toString('latin1').replaceAll(/[\u0080-\u00FF]/g, (byte) => `\\x${byte.charCodeAt(0).toString(16).toUpperCase()}`);
  return { name: written, at: bytes };
}

/** Undefined when it cannot be read; shipping will report why. */
async function tailOf(path: string | Buffer, size: number): Promise<string | undefined> {
  try {
    const file = await openRegular(path);
    try {
      const bytes = Buffer.alloc(Math.min(size, TAIL_BYTES));
      const { bytesRead } = await file.read(bytes, 0, bytes.length, size - bytes.length);
      return bytes.toString('latin1', 0, bytesRead);
    } finally {
      await file.close();
    }
  } catch {
    return undefined;
  }
}

/** Whether the last run in it has ended. In UTF-16 there is a zero beside each letter. */
function endsARun(tail: string | undefined): boolean {
  if (tail === undefined) return true;
  const text = tail.replaceAll('\0', '');
  return text.lastIndexOf('</nmaprun') > text.lastIndexOf('<nmaprun');
}
