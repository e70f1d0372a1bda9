import { type Clock, systemClock } from '../core/clock.ts';
import { PortlogError } from '../core/errors.ts';
import type { InputReport } from '../pipeline/input-report.ts';
import type { ShipReport } from '../pipeline/ship.ts';
import type { Directory, FoundFile } from '../source/directory.ts';
import { contentDigest } from '../source/content-digest.ts';
import { foundSource } from '../source/file.ts';
import type { Source } from '../source/source.ts';
import type { FileAttempts } from '../state/file-attempts.ts';
import { type DirectoryListeners, DirectoryReports } from './directory-reports.ts';
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

export interface WatcherOptions extends DirectoryListeners {
  /** Keys of all sinks. */
  readonly sinks: readonly string[];
  /**
   * Keys of sinks that do not recognise events they have (standard output). For these a file is shipped again when its content has changed, not when
   * it was only written again.
   */
  readonly stateless?: readonly string[];
  /** Ship the files that are there at the start again. */
  readonly again: boolean;
  /** Undefined when nothing was read, because no sink was ready; an error when it could not even begin. */
  readonly ship: (sources: readonly Source[], destination: Destination) => Promise<ShipReport | PortlogError | undefined>;
  readonly clock: Clock;
  readonly stop: AbortSignal;
}

/** Files per run: what was shipped is recorded after each run. */
const MAX_FILES = 50;
const STALLED_AFTER_MS = 600_000;
const NOT_AGAIN = 'set aside: it is tried again when it has changed, by the next version of portlog, or with --again';

/** A file that is to be shipped, with the sinks that need it. */
interface Due {
  readonly file: FoundFile;
  readonly sinks: readonly string[];
  /** Whether it is shipped alone, because a process died while reading it. */
  readonly isAlone: boolean;
  /** The digest of its content, if that was computed already. */
  readonly content?: string | undefined;
}

interface ReportedDirectory extends WatchedDirectory {
  readonly reports: DirectoryReports;
}

/** Ships each finished scan in its directories once to each sink, and again when it changes. A failing file does not delay others. */
export class Watcher {
  private readonly watched: readonly ReportedDirectory[];
  private readonly options: WatcherOptions;
  private readonly postponed = new Postponed();
  /** The version of each path that was shipped or set aside last since the start: `again` is only about older ones. */
  private readonly lastHandled = new Map<string, string>();

  constructor(watched: readonly WatchedDirectory[], options: WatcherOptions) {
    this.watched = watched.map((one) => ({ ...one, reports: new DirectoryReports(one.directory.path, options) }));
    this.options = options;
  }

  /** Looks into each directory once, and ships what is ready. True when there may be more already. */
  async look(): Promise<boolean> {
    let isBusy = false;
    for (const one of this.watched) if (!this.options.stop.aborted) isBusy = (await this.handleDirectory(one)) || isBusy;
    return isBusy;
  }

  private async handleDirectory(one: ReportedDirectory): Promise<boolean> {
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
    const contents = this.statelessOf(sinks).length === 0 ? [] : await Promise.all(files.map(async (file) => this.contentOf(file, batch)));
    const outcome = await this.options.ship(
      files.map((file) => withStallLimit(foundSource(file), STALLED_AFTER_MS, systemClock)),
      { site, sinks, again: this.isAgain(files) },
    );
    const now = clock.now();
    if (outcome instanceof PortlogError) return this.noteFailed(attempts, files, outcome, now);
    const settled = files.filter((_, index) => isSettled(outcome, index));
    const shipped = settled.map((file) => ({ ...file, content: contents[files.indexOf(file)] }));
    attempts.end(settled, () => seen.add(shipped, sinks, now));
    this.noteSettled(settled);
    for (const [index, file] of files.entries()) if (!settled.includes(file)) this.putOff(attempts, file, outcome?.inputs[index]?.problem, now);
  }

  private async contentOf(file: FoundFile, batch: readonly Due[]): Promise<string | undefined> {
    return batch.find((due) => due.file === file)?.content ?? contentDigest(file.at, this.options.stop);
  }

  private noteSettled(files: readonly FoundFile[]): void {
    for (const file of files) {
      this.postponed.remove(file.path);
      this.lastHandled.set(file.path, file.version);
    }
  }

  /** The shipment could not even begin. */
  private noteFailed(attempts: FileAttempts, files: readonly FoundFile[], error: PortlogError, now: number): void {
    for (const file of files) this.postponed.add(file.path, file.version, now);
    if (isMistake(error)) this.readEachAlone(attempts, files, error);
    else for (const file of files) attempts.fail(file, undefined, false);
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

  private async dueIn(one: ReportedDirectory): Promise<readonly Due[]> {
    const { directory, seen, attempts, reports } = one;
    const now = this.options.clock.now();
    try {
      const found = new Map<FoundFile, Due>();
      const look = await directory.look(now, (file) => {
        const due = this.dueOf(one, file, now);
        if (due !== undefined) found.set(file, due);
        return due !== undefined;
      });
      seen.noteLook(now);
      seen.keepOnly(look.names, now);
      attempts.keepOnly(look.names);
      reports.listed(look, () => seen.summary().files > 0);
      const due: Due[] = [];
      for (const file of look.ready) due.push(...(await this.unlessUnchanged(one, found.get(file), now)));
      return due;
    } catch (error) {
      if (!(error instanceof PortlogError) || error.code !== 'input-unreadable') throw error;
      reports.failed(error);
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
    return others.length === 0 ? [] : [{ ...due, sinks: others, content }];
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
