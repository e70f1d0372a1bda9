import { type Clock, systemClock } from '../core/clock.ts';
import { PortlogError } from '../core/errors.ts';
import type { InputReport } from '../pipeline/input-report.ts';
import type { ShipReport } from '../pipeline/ship.ts';
import type { Directory, FoundFile, DirectoryListing } from '../source/directory.ts';
import { contentDigest } from '../source/content-digest.ts';
import { foundSource } from '../source/file.ts';
import type { Source } from '../source/source.ts';
import type { FileAttempts } from '../state/file-attempts.ts';
import { withStallLimit } from './stall-limit.ts';
import { Postponed } from './postponed.ts';
import type { SeenFiles } from '../state/seen-files.ts';

/** A directory with its shipped and failed files, and its site (undefined: the default site). */
export interface WatchedDirectory {
  readonly directory: Directory;
  readonly seen: SeenFiles;
  readonly attempts: FileAttempts;
  readonly site: string | undefined;
}

/** Where files are shipped to. */
export interface Destination {
  readonly site: string | undefined;
  /** Keys of sinks; the others have the files already. */
  readonly sinks: readonly string[];
  /** Also send what was delivered before. */
  readonly again: boolean;
}

export interface WatcherOptions {
  /** Keys of all sinks. */
  readonly sinks: readonly string[];
  /**
   * Keys of sinks that cannot tell what they have (standard output). For these a file is shipped again when its content has changed, not when
   * it was only written again.
   */
  readonly stateless?: readonly string[];
  /** Ship the files that are there at the start again. */
  readonly again: boolean;
  /** Undefined when nothing was read, because no sink was ready; an error when it could not even begin. */
  readonly ship: (sources: readonly Source[], destination: Destination) => Promise<ShipReport | PortlogError | undefined>;
  readonly clock: Clock;
  readonly stop: AbortSignal;
  readonly onError: (error: PortlogError) => void;
  readonly onRecovery: (path: string) => void;
  /** Called once per directory from which nothing has ever come, and in which no scan is. */
  readonly onEmpty: (path: string) => void;
  /** Called once per file that is still being written. */
  readonly onUnfinished: (path: string) => void;
  /** Called once per file or link that is ignored, with the reason. */
  readonly onIgnored: (path: string, why: string) => void;
}

/** Files per run: what was shipped is recorded after each run. */
const MAX_FILES = 50;
const STALLED_AFTER_MS = 600_000;
/** Ignored files that are named; there could be very many. */
const MOST_NAMED = 20;
const NOT_AGAIN = 'set aside: it is tried again when it has changed, by the next version of portlog, or with --again';

/** A file that is to be shipped, with the sinks that need it. */
interface Due {
  readonly file: FoundFile;
  readonly sinks: readonly string[];
  /** Whether it is shipped alone, because a process died while reading it. */
  readonly isAlone: boolean;
}

/** Ships each finished scan in its directories once to each sink, and again when it changes. A failing file does not delay others. */
export class Watcher {
  private readonly watched: readonly WatchedDirectory[];
  private readonly options: WatcherOptions;
  private readonly postponed = new Postponed();
  /** Directories that cannot be listed. */
  private readonly unreadable = new Set<WatchedDirectory>();
  /** Directories in which there was no scan at some time. */
  private readonly empty = new Set<WatchedDirectory>();
  private readonly unfinished = new Map<WatchedDirectory, ReadonlySet<string>>();
  /** Names of ignored files by directory. */
  private readonly ignored = new Map<WatchedDirectory, ReadonlySet<string>>();
  /** The version of each path that was shipped or set aside last since the start: `again` is only about older ones. */
  private readonly lastHandled = new Map<string, string>();

  constructor(watched: readonly WatchedDirectory[], options: WatcherOptions) {
    this.watched = watched;
    this.options = options;
  }

  /** Looks into each directory once, and ships what is ready. True when there may be more already. */
  async look(): Promise<boolean> {
    let isBusy = false;
    for (const one of this.watched) if (!this.options.stop.aborted) isBusy = (await this.handleDirectory(one)) || isBusy;
    return isBusy;
  }

  private async handleDirectory(one: WatchedDirectory): Promise<boolean> {
    for (const text of one.attempts.orphans(this.options.clock.now())) this.options.onIgnored(`${one.directory.path}/${text}`, NOT_AGAIN);
    const due = await this.dueIn(one);
    for (const batch of batchesOf(due)) {
      if (this.options.stop.aborted) break;
      await this.ship(one, batch);
    }
    return due.length > 0;
  }

  private async ship({ seen, site, attempts }: WatchedDirectory, batch: readonly Due[]): Promise<void> {
    const { clock } = this.options;
    const sinks = batch[0]?.sinks ?? [];
    const files = attempts.begin(
      batch.map(({ file }) => file),
      site ?? '',
      clock.now(),
    );
    if (files.length === 0) return;
    // Computed before reading: what is written meanwhile is another content.
    const contents = this.statelessOf(sinks).length === 0 ? [] : await Promise.all(files.map(async ({ at }) => contentDigest(at, this.options.stop)));
    const outcome = await this.options.ship(
      files.map((file) => withStallLimit(foundSource(file), STALLED_AFTER_MS, systemClock)),
      { site, sinks, again: this.isAgain(files) },
    );
    const now = clock.now();
    if (outcome instanceof PortlogError) {
      for (const file of files) this.postponed.add(file.path, file.version, now);
      if (isMistake(outcome)) this.readEachAlone(attempts, files, outcome);
      else for (const file of files) attempts.fail(file, undefined, false);
      return;
    }
    const settled = files.filter((_, index) => isSettled(outcome, index));
    seen.add(
      settled.map((file) => ({ ...file, content: contents[files.indexOf(file)] })),
      sinks,
      now,
    );
    attempts.end(settled);
    for (const file of settled) {
      this.postponed.remove(file.path);
      this.lastHandled.set(file.path, file.version);
    }
    for (const [index, file] of files.entries()) if (!settled.includes(file)) this.putOff(attempts, file, outcome?.inputs[index]?.problem, now);
  }

  /** When any of several files may have caused an error, each is tried alone. */
  private readEachAlone(attempts: FileAttempts, files: readonly FoundFile[], error: PortlogError): void {
    const [file, ...others] = files;
    if (file !== undefined && others.length === 0) this.setAside(attempts, file, error);
    else attempts.suspect(files);
    for (const one of files) this.postponed.remove(one.path);
  }

  private putOff(attempts: FileAttempts, file: FoundFile, problem: PortlogError | undefined, now: number): void {
    this.postponed.add(file.path, file.version, now);
    if (problem !== undefined && isPointless(problem)) this.setAside(attempts, file, problem);
    else attempts.fail(file, problem?.message, false);
  }

  private setAside(attempts: FileAttempts, file: FoundFile, { message }: PortlogError): void {
    attempts.fail(file, message, true);
    this.lastHandled.set(file.path, file.version);
    this.options.onIgnored(file.path, NOT_AGAIN);
  }

  private isAgain(files: readonly FoundFile[]): boolean {
    return this.options.again && files.every((file) => !this.lastHandled.has(file.path));
  }

  private async dueIn(one: WatchedDirectory): Promise<readonly Due[]> {
    const { directory, seen, attempts } = one;
    const now = this.options.clock.now();
    try {
      const found = new Map<FoundFile, Due>();
      const look = await directory.look(now, (file) => {
        const due = this.dueOf(one, file, now);
        if (due !== undefined) found.set(file, due);
        return due !== undefined;
      });
      if (this.unreadable.delete(one)) this.options.onRecovery(directory.path);
      seen.noteLook(now);
      seen.keepOnly(look.names, now);
      this.reportEmpty(one, look);
      attempts.keepOnly(look.names);
      this.reportIgnored(one, look);
      for (const { name, path } of look.unfinished) if (this.unfinished.get(one)?.has(name) !== true) this.options.onUnfinished(path);
      this.unfinished.set(one, new Set(look.unfinished.map(({ name }) => name)));
      const due: Due[] = [];
      for (const file of look.ready) due.push(...(await this.unlessUnchanged(one, found.get(file), now)));
      return due;
    } catch (error) {
      if (!(error instanceof PortlogError) || error.code !== 'input-unreadable') throw error;
      if (!this.unreadable.has(one)) this.options.onError(error);
      this.unreadable.add(one);
      return [];
    }
  }

  private dueOf({ seen, attempts }: WatchedDirectory, file: FoundFile, now: number): Due | undefined {
    const { sinks, again } = this.options;
    if (this.postponed.has(file.path, file.version, now)) return undefined;
    const isFresh = again && !this.lastHandled.has(file.path);
    const missing = isFresh ? sinks : seen.missing(file.name, file.version, sinks);
    if (missing.length === 0) return undefined;
    const how = attempts.of(file);
    return how === 'aside' && !isFresh ? undefined : { file, sinks: missing, isAlone: how !== undefined };
  }

  private statelessOf(sinks: readonly string[]): readonly string[] {
    const { stateless = [] } = this.options;
    return sinks.filter((sink) => stateless.includes(sink));
  }

  /** Leaves out a file that was only touched or copied over itself, for sinks that would write all of it again. */
  private async unlessUnchanged({ seen }: WatchedDirectory, due: Due | undefined, now: number): Promise<readonly Due[]> {
    if (due === undefined) return [];
    const { file, sinks } = due;
    const statelessSinks = this.isAgain([file]) ? [] : this.statelessOf(sinks);
    if (statelessSinks.length === 0) return [due];
    const had = seen.contents(file.name, statelessSinks);
    const content = had.size === 0 ? undefined : await contentDigest(file.at, this.options.stop);
    const same = sinks.filter((sink) => content !== undefined && had.get(sink) === content);
    if (same.length > 0) seen.add([{ ...file, content }], same, now);
    const others = sinks.filter((sink) => !same.includes(sink));
    return others.length === 0 ? [] : [{ ...due, sinks: others }];
  }

  private reportEmpty(one: WatchedDirectory, { names }: DirectoryListing): void {
    if (names.size > 0 || this.empty.has(one)) return;
    this.empty.add(one);
    if (one.seen.summary().files === 0) this.options.onEmpty(one.directory.path);
  }

  /** Reports each once while it is there; of very many at once, only some by name. */
  private reportIgnored(one: WatchedDirectory, { links, closed }: DirectoryListing): void {
    const { path } = one.directory;
    const linked = links.map((name) => ({ name, why: 'it is a symbolic link, and those are not followed' }));
    const all = [...closed, ...linked];
    const fresh = all.filter(({ name }) => this.ignored.get(one)?.has(name) !== true);
    for (const { name, why } of fresh.slice(0, MOST_NAMED)) this.options.onIgnored(`${path}/${name}`, why);
    if (fresh.length > MOST_NAMED) this.options.onIgnored(path, `${fresh.length - MOST_NAMED} more in it are left alone like these`);
    this.ignored.set(one, new Set(all.map(({ name }) => name)));
  }
}

/** Groups files for the same sinks; files of which a reader died come last, one by one. */
function batchesOf(due: readonly Due[]): readonly (readonly Due[])[] {
  const bySinks = Map.groupBy(
    due.filter(({ isAlone }) => !isAlone),
    ({ sinks }) => sinks.join('\n'),
  );
  const batches = [...bySinks.values()].flatMap((some) =>
    Array.from({ length: Math.ceil(some.length / MAX_FILES) }, (_, i) => some.slice(i * MAX_FILES, (i + 1) * MAX_FILES)),
  );
  return [...batches, ...due.filter(({ isAlone }) => isAlone).map((one) => [one])];
}

/** Whether a scan was found and read as far as possible, and every event is delivered, kept or given up. */
function isSettled(report: ShipReport | undefined, index: number): boolean {
  const input = report?.inputs[index];
  if (report === undefined || input === undefined || report.untracked !== undefined) return false;
  const isLast = index === report.inputs.length - 1;
  if (isLast && report.interrupted) return false;
  return !isUnshipped(input) && report.sinks.every((sink) => !sink.spoolFull && sink.unaccountable === undefined && sink.failure?.kind !== 'closed');
}

/** Whether no scan was found, or a part could not be read. */
function isUnshipped({ problem, runs }: InputReport): boolean {
  return problem !== undefined && (runs === 0 || problem.code === 'input-stalled' || isMistake(problem));
}

/** Whether reading would fail in the same way as long as the file does not change. */
function isPointless(problem: PortlogError): boolean {
  return isMistake(problem) || problem.code === 'input-not-a-scan';
}

/** Whether a bug of portlog is the cause. */
function isMistake({ code }: PortlogError): boolean {
  return code === 'mistake';
}
