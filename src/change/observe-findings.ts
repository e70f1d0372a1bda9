import { levelOf } from '../event/event.ts';
import { SERVICE } from '../event/finding-source.ts';
import { type Change, type ChangeAction, portOf, type Side } from './change.ts';
import { knownFindingsAt, putFinding } from './known-findings-at.ts';
import { isGone } from './left-out.ts';
import { isNewest, type KnownFinding, type KnownHost, lastOf, note, type OppositeTests, since, currentValue } from '../state/known-host.ts';
import type { Observation } from './observation.ts';
import { findingId, type FindingStatement, parsePortKey, type SeenFinding, type Sighting } from './sighting.ts';
import { changeOf, durationWords } from './phrases.ts';

/** Findings whose appearance has an action of its own. */
const OPENING: Readonly<Record<string, ChangeAction>> = {
  'nmap-exposure-unexpected': 'exposure-unexpected',
  'nmap-exposure-expired': 'exposure-expired',
};

const NOT_FOUND = 'not found';
/** Nobody could look. */
const HOST_NOT_UP = 'host not up';

/** Updates the known findings of a host, after its ports; adds to `changes`. */
export class FindingObserver {
  private readonly known: KnownHost;
  private readonly sighting: Sighting;
  private readonly observation: Observation;
  private readonly confirm: number;
  private readonly late: boolean;
  private readonly changes: Change[];
  private readonly unchanged: ReadonlySet<string>;
  private first = 0;
  private severe = 0;
  private readonly moved: KnownFinding[] = [];

  /** `unchanged`: ports at which the same product was found before. */
  constructor(known: KnownHost, observation: Observation, confirm: number, changes: Change[], unchanged: ReadonlySet<string>) {
    this.unchanged = unchanged;
    this.known = known;
    this.observation = observation;
    this.sighting = observation.sighting;
    this.confirm = confirm;
    this.late = observation.time < known.time;
    this.changes = changes;
  }

  /**
   * `first`: findings that belong to the baseline; `severe`: those that would, but are reported because of their severity; `moved`: those whose
   * inventory record changed.
   */
  run(): { readonly first: number; readonly severe: number; readonly moved: readonly KnownFinding[] } {
    const { known, sighting } = this;
    const seen = new Map(sighting.findings.map((finding) => [findingId(finding), finding]));
    // What does not alert is neither opened nor resolved.
    for (const [id, finding] of seen) if (finding.alerts) this.observeFinding(id, finding);
    for (const [id, finding] of this.lookedAt()) if (!seen.has(id) && isGone(finding, known, sighting)) this.resolve(finding);
    this.countUnconfirmed();
    return { first: this.first, severe: this.severe, moved: this.moved };
  }

  /** Notes how many findings of each port nothing has confirmed; their number is all that is kept of them. */
  private countUnconfirmed(): void {
    const { known, sighting, observation } = this;
    const counts = new Map<string, number>();
    for (const { port, isUnconfirmed } of sighting.findings)
      if (port !== undefined && isUnconfirmed === true) counts.set(port, (counts.get(port) ?? 0) + 1);
    for (const [key, count] of counts) {
      const port = known.ports[key];
      if (port?.at === observation.time && port.scan === observation.scan) port.unconfirmed = count;
    }
  }

  /** The known findings that this sighting may affect. */
  private lookedAt(): readonly (readonly [id: string, finding: KnownFinding])[] {
    const { known, sighting } = this;
    return sighting.unlisted.length > 0 ? Object.entries(known.findings) : knownFindingsAt(known, sighting.ports.keys());
  }

  private observeFinding(id: string, { isSevere, isOpenAccess, about, ...seen }: SeenFinding): void {
    const { port, key, rule, title, due, severity, source, vulnerability, exploited } = seen;
    const finding = {
      ...(port === undefined ? {} : { port }),
      key,
      rule,
      title,
      ...(due === undefined ? {} : { due }),
      severity,
      source,
      ...(vulnerability === undefined ? {} : { vulnerability }),
      ...(exploited === undefined ? {} : { exploited }),
    };
    const { known, confirm, late } = this;
    const { time, scan } = this.observation;
    const before = known.findings[id];
    const open: OppositeTests = { ...before?.open };
    const was = currentValue(open, confirm);
    const newest = isNewest(open, time, late);
    note(open, 'yes', time, { keep: confirm, late });
    const wasOpenAccess = before?.openAccess === true;
    const access = isOpenAccess || wasOpenAccess ? ({ openAccess: true } as const) : {};
    const after = before === undefined || newest ? { ...finding, ...access, open, at: time, scan } : { ...before, ...access, open };
    putFinding(known, id, after);
    // An already known finding has the later tests in its record.
    if (before === undefined) for (const at of this.laterTestsWithout(finding)) note(open, 'no', at, { keep: confirm, late: false });
    if (isOther(before, after)) this.moved.push(after);
    if (was === 'yes' && newest && isOpenAccess && !wasOpenAccess) return this.opened(after, before, before?.title ?? NOT_FOUND, about());
    // Later tests that were read before this one show that it is gone: not a change. Runs that did not look for it do not count.
    if (was === 'yes' || !newest || currentValue(open, confirm) === 'no') return;
    const isNews = was === 'no' || this.isNewsOf(finding);
    if (isNews || isSevere) this.opened(after, before, isNews ? this.beforeNews() : 'not looked for before', about());
    if (isNews) return;
    if (isSevere) this.severe++;
    else this.first++;
  }

  /** Times of later tests, read before this one, that did not find it: the port was closed, or the source has looked again. */
  private laterTestsWithout({ port: key, source }: Pick<SeenFinding, 'port' | 'source'>): readonly number[] {
    const { known, observation } = this;
    const { time } = observation;
    const port = key === undefined ? undefined : known.ports[key];
    const { yes, no } = port?.open ?? known.up;
    const { at: tested, scan } = port ?? { at: known.time, scan: known.scan };
    const closed = key === undefined ? [] : (no?.times ?? []).filter((one) => one > time && one <= lastOf(known.up.yes));
    const last = lastOf(yes);
    if (last <= time) return closed;
    // A test counts only while the place is known to have existed, which is until `last`.
    const looks = observation.laterLooks(port, source).filter(({ started }) => started >= time && started <= last);
    const latest = tested === last && observation.hasLookedIn(scan, source) ? [last] : [];
    return [...new Set([...closed, ...latest, ...looks.map(({ ended }) => Math.min(ended, last))])];
  }

  /** Whether the finding is new: it was looked for before without result, or the place did not exist. */
  private isNewsOf({ port: key, source }: Pick<SeenFinding, 'port' | 'source'>): boolean {
    const { known, changes, observation } = this;
    if (changes.some(({ action }) => action === 'host-new')) return true;
    // The service was there before and was no weakness: a new version or the configuration has added the rule.
    if (source === SERVICE && key !== undefined && this.unchanged.has(key)) return false;
    if (key === undefined) return observation.hasLookedBefore(undefined, source, known.up.yes?.first ?? Number.POSITIVE_INFINITY);
    const hasOpened = changes.some((change) => (change.action === 'port-opened' || change.action === 'port-reopened') && portOf(change) === key);
    const port = known.ports[key];
    return hasOpened || (port !== undefined && observation.hasLookedBefore(port, source, port.open.yes?.first ?? Number.POSITIVE_INFINITY));
  }

  /** What was there before a new finding. */
  private beforeNews(): string {
    return this.changes.some(({ action }) => action === 'host-new') ? HOST_NOT_UP : NOT_FOUND;
  }

  private resolve(finding: KnownFinding): void {
    // Before it was first found, there was nothing to resolve.
    if (this.observation.time < (finding.open.yes?.first ?? 0)) return;
    const before = { ...finding, open: { ...finding.open } };
    note(finding.open, 'no', this.observation.time, { keep: this.confirm, late: this.late });
    if (isOther(before, finding)) this.moved.push(finding);
    if (currentValue(before.open, this.confirm) !== 'yes' || currentValue(finding.open, this.confirm) !== 'no') return;
    const words = `resolved: ${finding.title}${durationWords(before.open, 'yes', this.observation.time, ', known')}`;
    const was = { text: finding.title, state: 'open', since: since(before.open, 'yes'), seen: before.at, scan: before.scan };
    this.add('finding-resolved', finding, was, { text: 'not found', state: 'resolved' }, words);
  }

  private opened(finding: KnownFinding, before: KnownFinding | undefined, text: string, about: FindingStatement): void {
    const { rule, title, severity } = finding;
    const was = {
      text,
      since: before && since(before.open, 'no'),
      seen: before?.at,
      scan: before?.scan,
    };
    const words = `${title} [${levelOf(severity)}]`;
    this.add(OPENING[rule.id] ?? 'finding-opened', finding, was, { text: title, state: 'open' }, words, about);
  }

  private add(action: ChangeAction, finding: KnownFinding, before: Side, after: Side, what: string, about?: FindingStatement): void {
    const { port: key } = finding;
    const port = key === undefined ? undefined : parsePortKey(key);
    const words = [key, what].filter((word) => word !== undefined).join(' ');
    const service = key === undefined ? undefined : this.sighting.ports.get(key)?.service || undefined;
    this.changes.push({ ...changeOf(this.known, action, before, after, words, port), finding, about, service });
  }
}

/** Whether the inventory record differs. */
function isOther(before: KnownFinding | undefined, after: KnownFinding): boolean {
  return (
    before === undefined ||
    currentValue(before.open, 1) !== currentValue(after.open, 1) ||
    before.severity !== after.severity ||
    before.title !== after.title ||
    before.exploited !== after.exploited
  );
}
