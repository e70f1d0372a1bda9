import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { PortlogError } from '../errors.ts';

/** A scan in a watched directory. */
export interface FoundFile {
  readonly name: string;
  readonly path: string;
  /** Another one when the file was written to, replaced, or given other permissions. */
  readonly version: string;
  /** Epoch milliseconds. */
  readonly modified: number;
  /** Bytes. */
  readonly size: number;
}

export interface Look {
  /** Finished, the oldest first: what changed can only be told in the order of time. */
  readonly ready: readonly FoundFile[];
  /** To which somebody still writes. */
  readonly unfinished: readonly FoundFile[];
  /** Of all scans in it, whether they are wanted or not. */
  readonly names: ReadonlySet<string>;
}

const SCAN = /\.xml(?:\.gz)?$/i;
/** The end of the last run is looked for in so many bytes, which leaves room for what somebody appends. */
const TAIL_BYTES = 64 << 10;
/** Whether gzip has ended cannot be seen without unpacking all: what was not written to for so long has. */
const GZIP_QUIET_MS = 30_000;

/**
 * The scans in a directory: files whose name ends in `.xml` or `.xml.gz`, not those in directories within. It is listed again and
 * again, since notifications of the kernel do not reach network file systems, where such directories often are.
 */
export class Directory {
  readonly path: string;
  private readonly cutAfterMs: number;
  /** Since when an unfinished file is as it is; file times may come from another machine's clock. */
  private readonly unchanged = new Map<string, { readonly version: string; readonly since: number }>();

  /** What nobody has written to for `cutAfterMs` counts as cut, and as ready. */
  constructor(path: string, cutAfterMs: number) {
    this.path = path;
    this.cutAfterMs = cutAfterMs;
  }

  /** Throws `input-unreadable` when it cannot be listed. `isWanted`: only these are looked into. */
  async look(now: number, isWanted: (file: FoundFile) => boolean): Promise<Look> {
    const names = await scansIn(this.path);
    const ready: FoundFile[] = [];
    const unfinished: FoundFile[] = [];
    for (const name of names) {
      const file = await this.describe(name);
      if (file === undefined || !isWanted(file)) continue;
      ((await this.isReady(file, now)) ? ready : unfinished).push(file);
    }
    const open = new Set(unfinished.map(({ name }) => name));
    for (const name of this.unchanged.keys()) if (!open.has(name)) this.unchanged.delete(name);
    ready.sort((a, b) => a.modified - b.modified || (a.name < b.name ? -1 : 1));
    return { ready, unfinished, names: new Set(names) };
  }

  /** Undefined when it has gone meanwhile, or is no file. */
  private async describe(name: string): Promise<FoundFile | undefined> {
    const path = join(this.path, name);
    const stats = await stat(path).catch(() => undefined);
    if (stats?.isFile() !== true) return undefined;
    return { name, path, size: stats.size, version: `${stats.size} ${stats.ctimeMs}`, modified: stats.mtimeMs };
  }

  private async isReady({ name, path, version, modified, size }: FoundFile, now: number): Promise<boolean> {
    const known = this.unchanged.get(name);
    const since = known?.version === version ? known.since : now;
    this.unchanged.set(name, { version, since });
    const unchangedMs = now - Math.min(since, modified);
    if (unchangedMs >= this.cutAfterMs) return true;
    return /\.gz$/i.test(name) ? unchangedMs >= GZIP_QUIET_MS : size > 0 && endsARun(await tailOf(path, size));
  }
}

/** The names of the scans in a directory, whether they are finished or not. Throws `input-unreadable` when it cannot be listed. */
export async function scansIn(path: string): Promise<readonly string[]> {
  try {
    return (await readdir(path)).filter((name) => SCAN.test(name) && !name.startsWith('.'));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = code === 'ENOENT' ? 'there is no such directory' : code === 'ENOTDIR' ? 'it is no directory' : message;
    throw new PortlogError('input-unreadable', `the directory ${path} cannot be watched: ${reason}`, {
      hint: code === 'ENOTDIR' ? `to ship a file: portlog ${path}` : 'check its path, its permissions, and whether it is mounted',
      cause: error,
    });
  }
}

/** Nothing when it cannot be read: whoever ships it will say why. */
async function tailOf(path: string, size: number): Promise<string | undefined> {
  try {
    const file = await open(path);
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

/** The last run in it has its end. In UTF-16 there is a zero beside each letter. */
function endsARun(tail: string | undefined): boolean {
  if (tail === undefined) return true;
  const text = tail.replaceAll('\0', '');
  return text.lastIndexOf('</nmaprun') > text.lastIndexOf('<nmaprun');
}
