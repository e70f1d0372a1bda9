import type { PortlogError } from '../core/errors.ts';
import type { DirectoryListing } from '../source/directory.ts';

/** Callbacks for what is reported about a directory. */
export interface DirectoryListeners {
  readonly onError: (error: PortlogError) => void;
  readonly onRecovery: (path: string) => void;
  /** Called once per directory from which nothing has ever come, and in which no scan is. */
  readonly onEmpty: (path: string) => void;
  /** Called once per file that is still being written. */
  readonly onUnfinished: (path: string) => void;
  /** Called once per file or link that is ignored, with the reason. */
  readonly onIgnored: (path: string, why: string) => void;
}

/** Ignored files that are named; there could be very many. */
const MOST_NAMED = 20;

/** Tells about one directory, and of each thing once as long as it lasts. */
export class DirectoryReports {
  private readonly path: string;
  private readonly listeners: DirectoryListeners;
  private isUnreadable = false;
  private wasEmpty = false;
  /** Names of files that were reported. */
  private unfinished: ReadonlySet<string> = new Set();
  private ignored: ReadonlySet<string> = new Set();

  constructor(path: string, listeners: DirectoryListeners) {
    this.path = path;
    this.listeners = listeners;
  }

  /** It could not be listed. */
  failed(error: PortlogError): void {
    if (!this.isUnreadable) this.listeners.onError(error);
    this.isUnreadable = true;
  }

  /** It was listed. `hasShipped`: whether anything ever came from it. */
  listed(listing: DirectoryListing, hasShipped: () => boolean): void {
    if (this.isUnreadable) this.listeners.onRecovery(this.path);
    this.isUnreadable = false;
    if (listing.names.size === 0) this.noteEmpty(hasShipped);
    this.noteIgnored(listing);
    for (const { name, path } of listing.unfinished) if (!this.unfinished.has(name)) this.listeners.onUnfinished(path);
    this.unfinished = new Set(listing.unfinished.map(({ name }) => name));
  }

  private noteEmpty(hasShipped: () => boolean): void {
    if (this.wasEmpty) return;
    this.wasEmpty = true;
    if (!hasShipped()) this.listeners.onEmpty(this.path);
  }

  private noteIgnored({ links, closed }: DirectoryListing): void {
    const linked = links.map((name) => ({ name, why: 'it is a symbolic link, and those are not followed' }));
    const all = [...closed, ...linked];
    const fresh = all.filter(({ name }) => !this.ignored.has(name));
    for (const { name, why } of fresh.slice(0, MOST_NAMED)) this.listeners.onIgnored(`${this.path}/${name}`, why);
    if (fresh.length > MOST_NAMED) this.listeners.onIgnored(this.path, `${fresh.length - MOST_NAMED} more in it are ignored for the same reasons`);
    this.ignored = new Set(all.map(({ name }) => name));
  }
}
