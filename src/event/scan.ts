import type { Host, Script, Target, Task } from '../nmap/model.ts';
import { type Ending, endingOf, interruptedText, type Mended, missingUp, type Refusal, type RunEnd, wasLookedAt } from '../nmap/item.ts';
import { maskOutput } from '../nmap/mask.ts';
import type { RunContext } from './context.ts';
import { envelope, frameOf, type Statement } from './envelope.ts';
import { addCounts, noPorts, openWords, type PortCounts } from './counts.ts';
import { type Fields, type FieldValue, type Level, type LogEvent, SEVERITY, Shared, some } from './event.ts';
import { misdatedIn } from './host.ts';
import { eventId } from './id.ts';
import { scriptFields } from './script.ts';
import { clipBytes, count, printable } from './text.ts';
import { isMisdated, isoSeconds, isoTime, milliseconds, seenAt } from './time.ts';
import { type HostTotals, hostTotals, hostWords, totalFields } from './totals.ts';

/** Lists in the run's event are bounded, whatever the scan says; the counts beside them are not. */
const MAX_LIST = 100;
const MAX_OUTPUT_BYTES = 32_000;
/** 285 years, which is 9 × 10¹⁸ nanoseconds: as much as 64 bits hold, nearly. */
const MOST_SECONDS = 9e9;
/** What they hold as well: characters of a text in them, and of all scripts together. */
const MAX_TEXT = 8192;
const MAX_SCRIPTS = 1 << 22;

/** What the end of a run needs to know about what came before it. */
export class RunRecord {
  /** Elements as they are written, each as often as it is: a part of what the run is identified by. */
  readonly hosts = noHosts();
  readonly ports = noPorts();
  /** Hosts and ports, each once. */
  readonly different = { hosts: noHosts(), ports: noPorts(), openProtocols: 0 };
  /** Statements that were made before. */
  repeated = 0;
  /** Hosts that are listed, and that nmap did not look at. */
  named = 0;
  /** Those of them that it was to look at. */
  skippedHosts = 0;
  hosthints = 0;
  readonly targets: Target[] = [];
  skippedTargets = 0;
  readonly tasks: Task[] = [];
  readonly scripts: Script[] = [];
  #scriptsSize = 0;
  readonly refusals: Refusal[] = [];
  refused = 0;
  /** Hosts among them. */
  unreadable = 0;
  /** Hosts that are listed, and not as down. */
  get present(): number {
    return this.hosts.listed - this.hosts.down;
  }
  /** By the name of the element. */
  readonly mended = new Map<string, number>();
  /** By level; no part of what the run is identified by, for it depends on rules and snapshots. */
  readonly findings = noFindings();
  /** Of hosts that are up, by zone; neither is this part of it, for it depends on the file of expected exposure. */
  readonly zones = new Map<string, ZoneTotals>();
  output: { readonly type: string | undefined; readonly text: string } | undefined;
  /** Epoch milliseconds of the latest host, as nmap tells it: part of what the run is identified by. */
  latest = 0;
  /** The same of times that can be. */
  latestSeen = 0;

  /** Hosts with times that cannot be, and the first of those. */
  misdated: { hosts: number; example?: string } = { hosts: 0 };

  addHost(host: Host, counts: PortCounts, now: number): void {
    addHost(this.hosts, host);
    if (!wasLookedAt(host)) this.named++;
    if (host.status?.state === 'skipped') this.skippedHosts++;
    addCounts(this.ports, counts.byState);
    this.latest = Math.max(this.latest, milliseconds(host.endtime) || milliseconds(host.starttime));
    this.latestSeen = Math.max(this.latestSeen, seenAt(host.endtime, now) || seenAt(host.starttime, now));
    const example = misdatedIn(host, now)[0];
    if (example !== undefined) this.addMisdated(1, example);
  }

  /** What is new of it. */
  addDifferent(host: Host | undefined, { byState, openProtocols }: Pick<PortCounts, 'byState' | 'openProtocols'>): void {
    const { different } = this;
    if (host !== undefined) addHost(different.hosts, host);
    addCounts(different.ports, byState);
    different.ports.open -= openProtocols;
    different.openProtocols += openProtocols;
  }

  /** What {@link addHost}, {@link addToZone} and {@link addFinding} have counted; plain data. */
  get hostCounts(): Pick<
    RunRecord,
    'hosts' | 'named' | 'skippedHosts' | 'ports' | 'different' | 'repeated' | 'findings' | 'zones' | 'latest' | 'latestSeen' | 'misdated'
  > {
    const { hosts, named, skippedHosts, ports, different, repeated, findings, zones, latest, latestSeen, misdated } = this;
    return { hosts, named, skippedHosts, ports, different, repeated, findings, zones, latest, latestSeen, misdated };
  }

  /** Counts hosts that somebody else has counted. */
  add({ hosts, named, skippedHosts, ports, different, repeated, findings, zones, latest, latestSeen, misdated }: RunRecord['hostCounts']): void {
    addCounts(this.hosts, hosts);
    addCounts(this.different.hosts, different.hosts);
    addCounts(this.different.ports, different.ports);
    this.different.openProtocols += different.openProtocols;
    this.named += named;
    this.skippedHosts += skippedHosts;
    this.repeated += repeated;
    addCounts(this.ports, ports);
    addCounts(this.findings, findings);
    for (const [zone, more] of zones) {
      const totals = this.zoneOf(zone);
      if (totals === undefined) continue;
      totals.hosts += more.hosts;
      totals.ports += more.ports;
      addCounts(totals.findings, more.findings);
    }
    this.latest = Math.max(this.latest, latest);
    this.latestSeen = Math.max(this.latestSeen, latestSeen);
    if (misdated.example !== undefined) this.addMisdated(misdated.hosts, misdated.example);
  }

  private addMisdated(hosts: number, example: string): void {
    this.misdated = { hosts: this.misdated.hosts + hosts, example: this.misdated.example ?? example };
  }

  /** A host that is up. */
  addToZone(zone: FieldValue, isNew: boolean, openPorts: number): void {
    const totals = this.zoneOf(zone);
    if (totals === undefined) return;
    totals.hosts += isNew ? 1 : 0;
    totals.ports += openPorts;
  }

  addFinding(level: Level, zone: FieldValue): void {
    this.findings[level]++;
    const totals = this.zoneOf(zone);
    if (totals !== undefined) totals.findings[level]++;
  }

  private zoneOf(zone: FieldValue): ZoneTotals | undefined {
    if (typeof zone !== 'string') return undefined;
    const totals = this.zones.get(zone) ?? { hosts: 0, ports: 0, findings: noFindings() };
    this.zones.set(zone, totals);
    return totals;
  }

  /** Hosts by state. What masscan lists has answered. */
  counted(scanner: string | undefined): RunRecord['hosts'] {
    const { hosts } = this.different;
    return scanner === 'masscan' ? { ...hosts, up: hosts.listed - hosts.down } : hosts;
  }

  addHint(): void {
    this.hosthints++;
  }

  addTarget(target: Target): void {
    this.skippedTargets++;
    if (this.targets.length < MAX_LIST) this.targets.push(clipped(target));
  }

  addScripts(scripts: readonly Script[]): void {
    for (const script of scripts) {
      const size = sizeOf(script);
      if (this.scripts.length === MAX_LIST || this.#scriptsSize + size > MAX_SCRIPTS) return;
      this.#scriptsSize += size;
      this.scripts.push(script);
    }
  }

  /** Only the last word of each task; progress is for people who watch. */
  addTask(task: Task): void {
    const last = this.tasks.at(-1);
    if (last !== undefined && last.kind === 'taskprogress' && last.task === task.task) this.tasks.pop();
    if (this.tasks.length < MAX_LIST) this.tasks.push(clipped(task));
  }

  addMended({ element, count }: Mended): void {
    this.mended.set(element, (this.mended.get(element) ?? 0) + count);
  }

  addRefusal(refusal: Refusal): void {
    this.refused++;
    if (refusal.element === 'host') this.unreadable++;
    if (this.refusals.length < MAX_LIST) this.refusals.push(refusal);
  }
}

/** With its texts bounded. */
function clipped<T extends Target | Task>(words: T): T {
  const isLong = Object.values(words).some((value) => typeof value === 'string' && value.length > MAX_TEXT);
  if (!isLong) return words;
  return Object.fromEntries(
    Object.entries(words).map(([name, value]) => [name, typeof value === 'string' ? clipBytes(value, MAX_TEXT) : value]),
  ) as T;
}

/** Characters, more or less. */
function sizeOf({ output = '', items }: Script): number {
  return items.length === 0 ? output.length : output.length + JSON.stringify(items).length;
}

function noHosts(): { listed: number; up: number; down: number; timedout: number } {
  return { listed: 0, up: 0, down: 0, timedout: 0 };
}

function addHost(hosts: ReturnType<typeof noHosts>, { status, timedout }: Host): void {
  hosts.listed++;
  if (status?.state === 'up') hosts.up++;
  else if (status?.state === 'down') hosts.down++;
  if (timedout === true) hosts.timedout++;
}

interface ZoneTotals {
  hosts: number;
  ports: number;
  readonly findings: Record<Level, number>;
}

function noFindings(): Record<Level, number> {
  return { critical: 0, high: 0, medium: 0, low: 0, info: 0 };
}

const ACTION = {
  finished: 'scan-finished',
  empty: 'scan-empty',
  listed: 'scan-listed',
  failed: 'scan-failed',
  cut: 'scan-incomplete',
} as const satisfies Record<Ending, string>;
const OUTCOME = { finished: 'success', empty: 'failure', listed: 'success', failed: 'failure', cut: 'unknown' } as const satisfies Record<
  Ending,
  string
>;
const SEVERITY_OF: Readonly<Record<string, number>> = {
  'scan-failed': SEVERITY.high,
  'scan-empty': SEVERITY.high,
  'scan-incomplete': SEVERITY.medium,
};

/** The one event at the end of a run: how it ended and what it found. */
export function scanEndEvent(context: RunContext, record: RunRecord, end: RunEnd): LogEvent {
  const ending = endingOf(end, context.run.scanner, { listed: record.hosts.listed, named: record.named, skipped: record.skippedHosts });
  const missing = missingUp(end, context.run, record);
  const hosts = hostTotals(end.stats, context.run.scanner, { ...record.counted(context.run.scanner), missing });
  const finished = end.stats?.finished;
  const now = context.options.now();
  const time = seenAt(finished?.time, now) || record.latestSeen || context.start;
  const why = ending === 'empty' ? whyEmpty(record) : ending === 'finished' ? whyFewer(missing) : whyIncomplete(end, record);
  const message = printable(messageOf(context, record, end, ending, hosts, why));
  return scanEvent(context, ACTION[ending], time, message, contentOf(record, end), {
    event: {
      type: ['end'],
      outcome: OUTCOME[ending],
      start: isoSeconds(context.run.start, now),
      end: isoSeconds(finished?.time, now),
      duration: duration(context, end),
      reason: why ?? errorOf(end),
    },
    scan: {
      elapsed: elapsedOf(end),
      exit: finished?.exit,
      errormsg: errorOf(end),
      summary: finished?.summary,
      timestr: finished?.timestr,
      hosts: { ...record.different.hosts, ...totalFields(hosts) },
      ports: { ...record.different.ports },
      protocols: record.different.openProtocols === 0 ? undefined : { open: record.different.openProtocols },
      repeated: record.repeated === 0 ? undefined : record.repeated,
      findings: { ...record.findings },
      zone: some([...record.zones].map(([name, { hosts, ports, findings }]) => ({ name, hosts, open_ports: ports, findings: { ...findings } }))),
      hosthints: record.hosthints,
      refused: record.refused,
      skipped: record.skippedTargets,
      incomplete: ending === 'cut' ? why : undefined,
      pending: end.pending && refusalFields(end.pending),
    },
    nmap: {
      refusal: some(record.refusals.map(refusalFields)),
      target: some(record.targets.map(({ specification, status, reason }) => ({ specification, status, reason }))),
      task: some(record.tasks.map((task) => taskFields(task, now))),
      malformed: some([
        ...(context.run.malformed ?? []),
        ...(end.stats?.malformed ?? []),
        ...[...record.mended].map(([element, count]) => interruptedText(element, count)),
        ...impossibleElapsed(end),
        ...misdatedTimes(context, record, end),
        ...record.tasks.filter(({ time }) => isMisdated(time, now)).map(({ kind, time }) => `${kind}@time=${time}`),
      ]),
      script: scriptFields(record.scripts),
      output: record.output && {
        type: record.output.type,
        text: clipBytes(maskOutput(clipBytes(record.output.text, MAX_OUTPUT_BYTES)), MAX_OUTPUT_BYTES),
      },
    },
  });
}

/** The times of a run and its hosts that cannot be: its own, and the first of the hosts. */
export function misdatedTimes({ misdated, options }: RunContext, record: RunRecord, { stats }: RunEnd): readonly string[] {
  const finished = stats?.finished?.time;
  const own = isMisdated(finished, options.now()) ? [`finished@time=${finished}`] : [];
  return [...misdated, ...own, ...(record.misdated.example === undefined ? [] : [record.misdated.example])];
}

/** Only for scans that portlog runs itself: what comes from a file has long begun. */
export function scanStartEvent(context: RunContext): LogEvent {
  const message = printable(`${scanner(context)} scan started: ${context.args ?? ''}`.trim());
  const start = isoTime(context.start);
  return scanEvent(context, 'scan-started', context.start, message, '', {
    event: { type: ['start'], outcome: 'unknown', start },
    scan: {},
    nmap: {},
  });
}

interface Parts {
  readonly event: Fields;
  readonly scan: Fields;
  readonly nmap: Fields;
}

function scanEvent(context: RunContext, action: string, time: number, message: string, content: string, parts: Parts): LogEvent {
  const { options, run, scanId } = context;
  const created = options.now();
  const id = eventId('nmap.scan', action, scanId, scanId, content);
  const severity = SEVERITY_OF[action] ?? SEVERITY.info;
  const statement: Statement = {
    id,
    ackGroup: id,
    dataset: 'nmap.scan',
    action,
    time,
    created,
    severity,
    message,
    shared: new Shared({ '@timestamp': isoTime(time), ...context.base }),
    event: { kind: 'event', category: ['network'], type: undefined, more: parts.event },
    namespace: options.namespace,
  };
  const frame = frameOf(statement);
  return envelope(statement, frame, {
    event: frame.event,
    data_stream: frame.data_stream,
    nmap: {
      site: options.site,
      entity: { id: scanId },
      scan: {
        id: scanId,
        args: context.args,
        start: isoSeconds(run.start, created),
        startstr: run.startstr,
        xmloutputversion: run.xmloutputversion,
        profile_name: run.profileName,
        verbose: run.verbose,
        debugging: run.debugging,
        info: some(run.scaninfo.map((info) => ({ ...info }))),
        ...parts.scan,
      },
      ...parts.nmap,
    },
    message: frame.message,
  });
}

/** What tells one end of a run from another; neither what follows from it nor what depends on more than the scan. */
function contentOf(record: RunRecord, end: RunEnd): string {
  const { hosts, ports, hosthints, targets, skippedTargets, tasks, scripts, refusals, refused, output, latest } = record;
  const content = { hosts, ports, hosthints, targets, skippedTargets, tasks, scripts, refusals: refusals.map(placeOf), refused, output, latest };
  return JSON.stringify([end.stats, end.closed, end.pending && placeOf(end.pending), content]);
}

/** Where something could not be read; in which words that is said is ours. */
function placeOf({ element, offset, address }: Refusal): Pick<Refusal, 'element' | 'offset' | 'address'> {
  return { element, offset, address };
}

/** Nothing looked, which must not read as nothing found. */
function whyEmpty({ hosts, targets, skippedTargets }: RunRecord): string {
  if (hosts.listed > 0) return `${count(hosts.listed, 'host')} listed, all of them skipped`;
  const [first] = targets;
  if (first === undefined) return 'it has looked at no host';
  const which = `${first.specification ?? '?'}${first.reason === undefined ? '' : ` (${first.reason})`}`;
  return `it has looked at no host; ${count(skippedTargets, 'target')} skipped: ${which}${skippedTargets > 1 ? ', …' : ''}`;
}

/** Finished, and not all of it is here. */
function whyFewer(missing: number): string | undefined {
  return missing === 0 ? undefined : `${count(missing, 'host')} that its runstats count as up ${missing === 1 ? 'is' : 'are'} not in it`;
}

function whyIncomplete({ stats, pending, closed }: RunEnd, record: RunRecord): string | undefined {
  if (stats?.finished !== undefined) return undefined;
  if (pending !== undefined) {
    const which = pending.address === undefined ? '' : ` of ${pending.address}`;
    return `the input ends inside the ${pending.element} element${which} that begins at byte ${pending.offset}`;
  }
  const last = record.tasks.at(-1);
  const task = last?.task === undefined || last.kind === 'taskend' ? '' : `, during "${last.task}"`;
  return closed ? 'the run has no runstats' : `the input ends without runstats${task}`;
}

function messageOf(context: RunContext, record: RunRecord, end: RunEnd, ending: Ending, hosts: HostTotals, why: string | undefined): string {
  const found = `${hostWords(hosts, context.run.scanner)}, ${openWords(record.different.ports.open, record.different.openProtocols)}`;
  const refused = record.refused === 0 ? '' : `, ${count(record.refused, 'element')} unreadable`;
  const skipped = record.skippedTargets === 0 ? '' : `, ${count(record.skippedTargets, 'target')} skipped`;
  const seconds = elapsedOf(end);
  const elapsed = seconds === undefined ? '' : ` in ${seconds} s`;
  switch (ending) {
    case 'failed':
      return `${scanner(context)} scan failed: ${errorOf(end) ?? 'no reason given'}`;
    case 'empty':
      return `${scanner(context)} scan of nothing: ${why}`;
    case 'listed':
      return `${scanner(context)} list scan finished: ${count(record.hosts.listed, 'host')} named, none looked at${skipped}${refused}${elapsed}`;
    case 'finished':
      return `${scanner(context)} scan finished: ${found}${skipped}${refused}${elapsed}`;
    case 'cut':
      return `${scanner(context)} scan incomplete: ${why ?? 'cut'}; until then ${found}${refused}`;
  }
}

/** In nmap's words, which may repeat an argument. */
function errorOf({ stats }: RunEnd): string | undefined {
  const text = stats?.finished?.errormsg;
  return text === undefined ? undefined : maskOutput(text);
}

function scanner({ run }: RunContext): string {
  return [run.scanner ?? 'nmap', run.version].filter((word) => word !== undefined).join(' ');
}

/** ECS counts nanoseconds. */
function duration(context: RunContext, { stats }: RunEnd): number | undefined {
  const finished = stats?.finished;
  if (finished?.elapsed !== undefined) return nanoseconds(finished.elapsed);
  const ended = seenAt(finished?.time, context.options.now());
  return ended === 0 || ended < context.start ? undefined : nanoseconds((ended - context.start) / 1000);
}

/** Undefined when no scan takes so long, and no field of whole numbers holds it. */
function nanoseconds(seconds: number): number | undefined {
  return seconds < 0 || seconds > MOST_SECONDS ? undefined : Math.round(seconds * 1e9);
}

/** Seconds, as far as a scan can have taken them. */
function elapsedOf({ stats }: RunEnd): number | undefined {
  const elapsed = stats?.finished?.elapsed;
  return elapsed === undefined || nanoseconds(elapsed) === undefined ? undefined : elapsed;
}

function impossibleElapsed(end: RunEnd): readonly string[] {
  const elapsed = end.stats?.finished?.elapsed;
  return elapsed === undefined || elapsedOf(end) !== undefined ? [] : [`finished@elapsed=${elapsed}`];
}

function refusalFields({ element, offset, length, reason, address }: Refusal): Fields {
  return { element, offset, length, reason, address };
}

function taskFields({ kind, task, time, extrainfo, percent, remaining, etc }: Task, now: number): Fields {
  return { kind, task, time: isoSeconds(time, now), extrainfo, percent, remaining, etc };
}
