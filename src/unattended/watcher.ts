import type { Clock } from '../clock.ts';
import { PortlogError } from '../errors.ts';
import type { InputReport } from '../input-report.ts';
import type { ShipReport } from '../ship.ts';
import type { Directory, FoundFile } from '../source/directory.ts';
import { fileSource } from '../source/file.ts';
import type { Source } from '../source/source.ts';
import { Postponed } from './postponed.ts';
import type { SeenFiles } from './seen-files.ts';

/** A directory, what of it was shipped before, and which site it is of (undefined: that of the configuration). */
export interface Watched {
  readonly directory: Directory;
  readonly seen: SeenFiles;
  readonly site: string | undefined;
}

export interface WatcherOptions {
  /** Undefined when nothing was read, because no sink was ready. */
  readonly ship: (sources: readonly Source[], site: string | undefined) => Promise<ShipReport | undefined>;
  readonly clock: Clock;
  readonly stop: AbortSignal;
  readonly onTrouble: (error: PortlogError) => void;
  readonly onRecovery: (path: string) => void;
  /** Somebody still writes to them; told once for each. */
  readonly onUnfinished: (path: string) => void;
}

/** So many files go in one run: what was shipped is noted after each run, so a kill costs no more than one. */
const MAX_FILES = 50;

/** Ships each finished scan that appears in directories, once, and again when it has changed. */
export class Watcher {
  private readonly watched: readonly Watched[];
  private readonly options: WatcherOptions;
  private readonly postponed = new Postponed();
  /** Directories that cannot be listed. */
  private readonly lost = new Set<Watched>();
  private readonly unfinished = new Map<Watched, ReadonlySet<string>>();

  constructor(watched: readonly Watched[], options: WatcherOptions) {
    this.watched = watched;
    this.options = options;
  }

  /** Looks into each directory once, and ships what is ready. True when there may be more already. */
  async look(): Promise<boolean> {
    let isBusy = false;
    for (const one of this.watched) if (!this.options.stop.aborted) isBusy = (await this.lookInto(one)) || isBusy;
    return isBusy;
  }

  private async lookInto(one: Watched): Promise<boolean> {
    const files = await this.readyIn(one);
    for (let at = 0; at < files.length && !this.options.stop.aborted; at += MAX_FILES) await this.ship(one, files.slice(at, at + MAX_FILES));
    return files.length > 0;
  }

  private async ship({ seen, site }: Watched, files: readonly FoundFile[]): Promise<void> {
    const report = await this.options.ship(
      files.map(({ path }) => fileSource(path)),
      site,
    );
    const now = this.options.clock.now();
    const settled = files.filter((_, index) => isSettled(report, index));
    for (const file of files) {
      if (settled.includes(file)) this.postponed.remove(file.path);
      else this.postponed.add(file.path, file.version, now);
    }
    const isFailed = (file: FoundFile): boolean => report?.inputs[files.indexOf(file)]?.problem?.code === 'mistake';
    seen.add(
      settled.filter((file) => !isFailed(file)),
      now,
    );
    for (const file of settled.filter(isFailed)) seen.addFailed(file, now);
  }

  private async readyIn(one: Watched): Promise<readonly FoundFile[]> {
    const { directory, seen } = one;
    const now = this.options.clock.now();
    try {
      const look = await directory.look(now, ({ name, path, version }) => !seen.has(name, version) && !this.postponed.has(path, version, now));
      if (this.lost.delete(one)) this.options.onRecovery(directory.path);
      seen.keepOnly(look.names, now);
      for (const { name, path } of look.unfinished) if (this.unfinished.get(one)?.has(name) !== true) this.options.onUnfinished(path);
      this.unfinished.set(one, new Set(look.unfinished.map(({ name }) => name)));
      return look.ready;
    } catch (error) {
      if (!(error instanceof PortlogError) || error.code !== 'input-unreadable') throw error;
      if (!this.lost.has(one)) this.options.onTrouble(error);
      this.lost.add(one);
      return [];
    }
  }
}

/** All of it was read, as far as it can be, and every event is delivered, kept, or given up for good. */
function isSettled(report: ShipReport | undefined, index: number): boolean {
  const input = report?.inputs[index];
  if (report === undefined || input === undefined || report.untracked !== undefined) return false;
  const isLast = index === report.inputs.length - 1;
  if (isLast && report.interrupted) return false;
  return (
    !couldBeReadLater(input) && report.sinks.every((sink) => !sink.spoolFull && sink.unaccountable === undefined && sink.failure?.kind !== 'closed')
  );
}

function couldBeReadLater({ problem, bytes }: InputReport): boolean {
  return problem?.code === 'input-unreadable' && bytes === 0;
}
