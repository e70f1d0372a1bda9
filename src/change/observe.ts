import { withCommas } from '../event/text.ts';
import { isOpen } from './coverage.ts';
import { backFromSilence, isBackFromSilence, reportedOfSilence } from './observe-silence.ts';
import { takeLists } from './tested-lists.ts';
import type { Observation, Outcome } from './observation.ts';
import type { ChangeOptions } from './options.ts';
import { DEFAULT_SERVICE_IDENTITY, type ServiceIdentity } from './service.ts';
import { FindingObserver } from './observe-findings.ts';
import { PortObserver } from './observe-ports.ts';
import { isSameOs } from './operating-system.ts';
import { ago, changeOf, serviceWords, lifetimeOf, durationWords } from './phrases.ts';
import { type Change, type ChangeAction, portOf, type Side } from './change.ts';
import { isNewest, type KnownHost, type KnownPort, lastOf, note, type LatestValue, since, currentValue, withValue } from '../state/known-host.ts';
import { revise, reviseIfOther } from './revision.ts';
import type { Sighting } from './sighting.ts';
import { touchedBy } from './touched.ts';

const NOTHING: Outcome = { changes: [], isFirstSeen: false, firstSeen: [], unreported: [], firstFindings: 0, graveFindings: 0, findings: [] };
const MAX_MARKS = 64;

/**
 * Updates the known state of a host with a sighting, and returns what changed. The result does not depend on the order of
 * scans; a sighting older than what is known changes history only. A port counts only if the run has tested it. `confirm`:
 * scans that must find a port not open, or a host down, before it is a change.
 */
export function observe(
  known: KnownHost,
  observation: Observation,
  { confirm = 1, service = DEFAULT_SERVICE_IDENTITY }: Partial<Pick<ChangeOptions, 'confirm' | 'service'>> = {},
): Outcome {
  const { time, mark } = observation;
  if (time === known.time && known.marks.includes(mark)) return { ...NOTHING, isRepeated: true };
  const work = (): Outcome => {
    const outcome = new Observing(known, observation, confirm, service).run();
    if (time > known.time) Object.assign(known, { time, scan: observation.scan, marks: [mark] });
    else if (time === known.time) known.marks = [...known.marks, mark].slice(-MAX_MARKS);
    return outcome;
  };
  // Older sightings leave no mark, so that they can be observed again.
  return time < known.time ? reviseIfOther(known, () => touchedBy(observation.sighting, known), work) : revise(known, work);
}

/** Notes that a complete run, which lists hosts that are down, does not list this host. */
export function observeAbsence(known: KnownHost, time: number, confirm: number): readonly Change[] {
  const before = currentValue(known.up, confirm);
  reviseIfOther(
    known,
    () => known.up,
    () => note(known.up, 'no', time, { keep: confirm, late: false }),
  );
  return before === 'yes' && currentValue(known.up, confirm) === 'no' ? [missing(known, time)] : [];
}

class Observing {
  private readonly known: KnownHost;
  private readonly sighting: Sighting;
  private readonly observation: Observation;
  private readonly confirm: number;
  private readonly identity: ServiceIdentity;
  /** Whether this sighting is older than the latest one of the host. */
  private readonly late: boolean;
  private readonly changes: Change[] = [];

  constructor(known: KnownHost, observation: Observation, confirm: number, identity: ServiceIdentity) {
    this.identity = identity;
    this.known = known;
    this.observation = observation;
    this.sighting = observation.sighting;
    this.confirm = confirm;
    this.late = observation.time < known.time;
  }

  run(): Outcome {
    const { known, sighting, observation } = this;
    const wasKnown = currentValue(known.up, this.confirm) !== undefined;
    // Looked up before the host is entered, which would change the answer.
    const isNew = !wasKnown && sighting.presence === 'up' && !this.late && observation.wasLookedFor();
    const back = isBackFromSilence(known, sighting, observation.time, this.confirm)
      ? backFromSilence(known, observation.time, this.confirm)
      : undefined;
    const answered = back === undefined ? undefined : lastOf(known.up.yes);
    const presence = this.observePresence(isNew);
    if (back !== undefined && this.changes.length === 0) this.changes.push(back);
    this.observeIdentity();
    if (sighting.presence === 'down') return { ...NOTHING, changes: this.changes };
    const { confirm, identity } = this;
    const ports = new PortObserver(known, observation, { confirm, identity, answered }, this.changes).run();
    const silenced = sighting.presence === 'unknown' ? this.reportSilence() : [];
    takeLists(known, observation, this.confirm);
    if (presence === 'new') this.changes.unshift(this.newHost());
    const findingObserver = new FindingObserver(known, observation, this.confirm, this.changes, ports.unchanged);
    const { first: firstFindings, severe: graveFindings, moved: findings } = findingObserver.run();
    return {
      changes: this.changes,
      isFirstSeen: !wasKnown && presence !== 'new' && sighting.presence === 'up' && !this.late,
      // The ports of a new host are reported with the host.
      firstSeen: presence === 'new' ? [] : ports.firstSeen,
      unreported: [...ports.unreported, ...silenced],
      firstFindings,
      graveFindings,
      findings,
    };
  }

  /** Replaces the changes of a scan without any answer; returns the ports of those that are not reported. */
  private reportSilence(): readonly KnownPort[] {
    const { known, changes, observation, confirm } = this;
    const reported = reportedOfSilence(known, changes, observation.time, confirm);
    const unreported = changes.filter((change) => !reported.includes(change));
    changes.splice(0, changes.length, ...reported);
    return unreported.flatMap((change) => known.ports[portOf(change) ?? ''] ?? []);
  }

  private observePresence(isNew: boolean): 'new' | undefined {
    const { known, sighting, confirm } = this;
    const { time } = this.observation;
    if (sighting.presence === 'unknown') return undefined;
    const before = { ...known.up };
    const was = currentValue(before, confirm);
    note(known.up, sighting.presence === 'up' ? 'yes' : 'no', time, { keep: confirm, late: this.late });
    const is = currentValue(known.up, confirm);
    if (was === is && !isNew) return undefined;
    if (was === 'yes' && is === 'no') this.changes.push(missing({ ...known, up: before }, time));
    if (is !== 'yes' || !isNewest(before, this.observation.time, this.late)) return undefined;
    if (isNew || (was === 'no' && before.yes === undefined)) return 'new';
    if (was === 'no') {
      const downSince = since(before, 'no');
      this.add(
        'host-back',
        { text: 'down', state: 'down', since: downSince, seen: lastOf(before.no), scan: known.scan },
        { text: 'up', state: 'up' },
        `is back${ago(time - lastOf(before.yes), (words) => `, last seen ${words} ago`)}`,
      );
    }
    return undefined;
  }

  private newHost(): Change {
    const { sighting } = this;
    const open = [...sighting.ports.values()].filter(({ state }) => isOpen(state) === true);
    const ports = open.map((port) => `${port.number}/${port.protocol} ${serviceWords(port)}`.trim());
    const shown =
      ports.length === 0
        ? ''
        : `, with ${ports.slice(0, 10).join(', ')}${ports.length > 10 ? ` and ${withCommas(ports.length - 10)} more` : ''} open`;
    return this.change('host-new', { text: 'down' }, { text: 'up', state: 'up', ports }, `is new${shown}`);
  }

  private observeIdentity(): void {
    const { known, sighting, late } = this;
    const { identity, os } = sighting;
    if (!late) known.ips = identity.ips;
    if (identity.name !== undefined) known.name = withValue(known.name, identity.name, this.stamp);
    const [mac] = identity.macs;
    const [ip] = identity.ips;
    if (mac !== undefined)
      known.mac = this.observeValue('mac-changed', known.mac, mac, (value) => ({ text: value, mac: value }), 'MAC address changed');
    // A host identified by its MAC address keeps its history when its address changes.
    if (mac === known.key && ip !== undefined)
      known.ip = this.observeValue('mac-changed', known.ip, ip, (value) => ({ text: value, mac, ip: value }), 'moved');
    if (os !== undefined)
      known.os = this.observeValue('os-changed', known.os, os, (value) => ({ text: value, os: value }), 'operating system changed', isSameOs);
  }

  private observeValue(
    action: ChangeAction,
    register: LatestValue<string> | undefined,
    value: string,
    side: (value: string) => Side,
    what: string,
    isSame: (a: string, b: string) => boolean = Object.is,
  ): LatestValue<string> {
    const after = withValue(register, value, this.stamp, isSame);
    if (register !== undefined && after.value === value && !isSame(register.value, value))
      this.add(action, { ...side(register.value), ...lifetimeOf(register) }, side(value), `${what} from ${register.value} to ${value}`);
    return after;
  }

  private get stamp(): { readonly time: number; readonly scan: number; readonly late: boolean } {
    return { time: this.observation.time, scan: this.observation.scan, late: this.late };
  }

  private add(action: ChangeAction, before: Side, after: Side, what: string): void {
    this.changes.push(this.change(action, before, after, what));
  }

  private change(action: ChangeAction, before: Side, after: Side, what: string): Change {
    return changeOf(this.known, action, before, after, what);
  }
}

function missing(before: KnownHost, time: number): Change {
  const upSince = since(before.up, 'yes');
  const side = { text: 'up', state: 'up', since: upSince, seen: lastOf(before.up.yes), scan: before.scan };
  return changeOf(before, 'host-missing', side, { text: 'down', state: 'down' }, `is down${durationWords(before.up, 'yes', time, ', was up')}`);
}
