import { MAX_TAG } from './frame.ts';
import type { Run, RunStats, ScanInfo, Script, Target, Task } from './model.ts';
import type { Reader } from './reader.ts';
import { readScripts } from './script.ts';
import { Malformed } from './malformed.ts';

/** Most `scaninfo` elements; nmap writes one per protocol. */
const MAX_SCANINFO = 64;

/** The header of a run while it is read: `nmaprun` (its start tag) and what precedes the first host. */
export class RunDraft implements Run {
  readonly scanner: string | undefined = undefined;
  readonly version: string | undefined = undefined;
  readonly xmloutputversion: string | undefined = undefined;
  readonly args: string | undefined = undefined;
  readonly start: number | undefined = undefined;
  readonly startstr: string | undefined = undefined;
  readonly profileName: string | undefined = undefined;
  readonly scaninfo: ScanInfo[] = [];
  verbose: number | undefined = undefined;
  debugging: number | undefined = undefined;
  malformed: readonly string[] | undefined = undefined;
  /** Characters of `scaninfo`. */
  private length = 0;

  /** From the `nmaprun` tag that the reader is at; without one, all is undefined. */
  constructor(reader?: Reader) {
    if (reader === undefined) return;
    this.scanner = reader.attribute('scanner');
    this.version = reader.attribute('version');
    this.xmloutputversion = reader.attribute('xmloutputversion');
    this.args = reader.attribute('args');
    this.start = reader.integer('start');
    this.startstr = reader.attribute('startstr');
    this.profileName = reader.attribute('profile_name');
    this.note(reader);
  }

  /** Adds a `scaninfo`, `verbose` or `debugging` of `length` characters. Throws {@link Malformed} when there are too many. */
  add(reader: Reader, length: number): void {
    if (reader.name === 'scaninfo') {
      this.length += length;
      if (this.scaninfo.length === MAX_SCANINFO || this.length > MAX_TAG) throw new Malformed('the run has more of them than nmap writes', 0);
      this.scaninfo.push(readScanInfo(reader));
    } else if (reader.name === 'verbose') this.verbose ??= reader.integer('level');
    else this.debugging ??= reader.integer('level');
    this.note(reader);
  }

  /** Whether the last element of the header was read. */
  get isWhole(): boolean {
    return this.debugging !== undefined;
  }

  /** The header as plain data. */
  get run(): Run {
    const { length: _, ...run } = this;
    return run;
  }

  private note(reader: Reader): void {
    const notes = reader.takeNotes();
    if (notes.length > 0) this.malformed = [...(this.malformed ?? []), ...notes];
  }
}

/** Reads the `runstats` that the reader is at. */
export function readRunStats(reader: Reader): RunStats {
  let finished: RunStats['finished'];
  let hosts: RunStats['hosts'];
  while (reader.nextChild(1)) {
    if (reader.name === 'finished') finished ??= readFinished(reader);
    else if (reader.name === 'hosts') hosts ??= { up: reader.integer('up'), down: reader.integer('down'), total: reader.integer('total') };
  }
  reader.finish();
  const notes = reader.takeNotes();
  return { finished, hosts, malformed: notes.length === 0 ? undefined : notes };
}

export function readTarget(reader: Reader): Target {
  return { specification: reader.attribute('specification'), status: reader.attribute('status'), reason: reader.attribute('reason') };
}

export function readTask(reader: Reader): Task {
  return {
    kind: reader.name as Task['kind'],
    task: reader.attribute('task'),
    time: reader.integer('time'),
    extrainfo: reader.attribute('extrainfo'),
    percent: reader.decimal('percent'),
    remaining: reader.integer('remaining'),
    etc: reader.integer('etc'),
  };
}

/** Reads the `prescript` or `postscript` that the reader is at. */
export function readAllScripts(reader: Reader): readonly Script[] {
  const scripts: Script[] = [];
  readScripts(reader, scripts);
  reader.finish();
  return scripts;
}

/** Reads Zenmap's `output` that the reader is at. */
export function readOutput(reader: Reader): { readonly type: string | undefined; readonly text: string } {
  const type = reader.attribute('type');
  const text = reader.elementText();
  reader.finish();
  return { type, text };
}

function readFinished(reader: Reader): NonNullable<RunStats['finished']> {
  return {
    time: reader.integer('time'),
    timestr: reader.attribute('timestr'),
    elapsed: reader.decimal('elapsed'),
    summary: reader.attribute('summary'),
    exit: reader.attribute('exit'),
    errormsg: reader.attribute('errormsg'),
  };
}

function readScanInfo(reader: Reader): ScanInfo {
  return {
    type: reader.attribute('type'),
    protocol: reader.attribute('protocol'),
    numservices: reader.integer('numservices'),
    services: reader.attribute('services'),
    scanflags: reader.attribute('scanflags'),
  };
}
