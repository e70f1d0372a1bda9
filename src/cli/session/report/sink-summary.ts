import { withCommas, counted } from '../../../event/text.ts';
import { whyGivenUp } from '../../../delivery/given-up.ts';
import type { SinkReport } from '../../../delivery/report.ts';
import type { ShipReport } from '../../../pipeline/ship.ts';
import { type Tally, unaccounted } from '../../../state/tally.ts';
import type { Log } from '../log.ts';
import type { Outages } from '../outages.ts';

/** What became of the events of one sink, with one closing sum. */
export function printSink(report: SinkReport, log: Log, { inputs, notRead }: ShipReport, outages: Outages | undefined): void {
  noteOutage(report, outages);
  printFailures(report, log, outages);
  printLosses(report, log);
  printGivenUp(report, log);
  printWaiting(report, log, outages);
  printSums(report, log, inputs.length + notRead.length === 0);
}

/** Records whether the sink works; a service reports only when that changes. */
export function noteOutage({ sink, failure, waiting, tally, own, replayed }: SinkReport, outages: Outages | undefined): void {
  if (failure !== undefined && failure.kind !== 'closed') outages?.isDown(sink, failure, waiting);
  else if (tally.delivered + own.delivered + replayed.delivered > 0) outages?.isUp(sink);
}

function printFailures({ failure, unaccountable, bookkeeping }: SinkReport, log: Log, outages: Outages | undefined): void {
  if (failure !== undefined && failure.kind !== 'closed' && outages === undefined) log.error(failure);
  if (unaccountable !== undefined) log.error(unaccountable);
  else if (bookkeeping !== undefined) {
    log.error(bookkeeping);
    log.warn('  → what was delivered could not be recorded: shipping the same again sends it again');
  }
}

/** Events that were not delivered, or are no longer there. */
function printLosses({ sink, tally, own, replayed, firstRejection, damaged }: SinkReport, log: Log): void {
  const dead = tally.dead + replayed.dead + own.dead;
  if (dead > 0) {
    log.warn(`${sink}: ${counted(dead, 'event')} could not be delivered${firstRejection === undefined ? '' : ` (${firstRejection})`}`);
    log.warn('  → they are kept: portlog replay --list shows why, portlog replay --dead tries them again');
  }
  if (damaged > 0) {
    log.warn(`${sink}: ${counted(damaged, 'event')} in the spool cannot be read: the disk has changed them`);
    log.warn('  → ship those scans again; portlog replay --purge removes what cannot be read, with all that waits');
  }
  const removed = tally.removed + replayed.removed + own.removed;
  if (removed > 0) {
    log.warn(`${sink}: ${counted(removed, 'event')} that had been delivered ${removed === 1 ? 'was' : 'were'} deleted again, with the oldest files`);
    log.warn('  → keep more of them (keepFiles), or all: leave it out');
  }
}

/** Number of events that were neither delivered nor kept; a pipe whose reader has gone wants no more. */
export function givenUp({ tally, own, replayed, failure }: SinkReport): number {
  return failure?.kind === 'closed' ? 0 : tally.discarded + own.discarded + replayed.discarded;
}

export function printGivenUp(report: SinkReport, log: Log): void {
  const events = givenUp(report);
  if (events === 0) return;
  const why = whyGivenUp(report.givenUp);
  log.warn(
    `${report.sink}: ${counted(events, 'event')} ${events === 1 ? 'was' : 'were'} discarded, neither delivered nor kept${why === '' ? '' : `: ${why}`}`,
  );
  log.warn(`  → when it works again, ship those scans again${report.givenUp.full > 0 ? '; more may wait with a larger --spool-max-mib' : ''}`);
}

function printWaiting(report: SinkReport, log: Log, outages: Outages | undefined): void {
  const { sink, tally, failure, firstRefusal, waiting } = report;
  if (tally.restamped > 0) log.info(`${sink}: ${restampedWords(tally.restamped)} the time of sending instead`);
  if (waiting === 0 || outages?.has(sink) === true) return;
  // A failure was reported already; without one, the sink accepts others.
  const why = failure !== undefined || firstRefusal === undefined ? '' : `, because it does not take them now (${firstRefusal})`;
  log.warn(`${sink}: ${counted(waiting, 'event')} ${waiting === 1 ? 'waits' : 'wait'} on disk${partsOf(report)}${why}`);
  log.warn('  → when it works again: portlog replay (the next run sends them, too)');
}

function restampedWords(events: number): string {
  return `${counted(events, 'event')} ${events === 1 ? 'is outside the times that it accepts, and carries' : 'are outside the times that it accepts, and carry'}`;
}

function printSums({ sink, acknowledges, tally, own, replayed, waiting }: SinkReport, log: Log, isReplay: boolean): void {
  // Each event is in one of the two sums: what was read now and waits is in the second.
  const spooled = Math.max(0, waiting - tally.spooled - own.spooled);
  const read = replayed.read + spooled;
  if (own.read > 0) log.debug(sumLine(`${sink}, of portlog's own`, own, acknowledges));
  if (replayed.read > 0 || isReplay) log.info(sumLine(`${sink}, from earlier runs`, { ...replayed, read, spooled }, acknowledges));
  if (!isReplay) log.info(sumLine(sink, tally, acknowledges));
}

/** What waits, unless the sum says it already: the sum covers only events read in this run. */
function partsOf({ waiting, tally, own, inventory }: SinkReport): string {
  const parts = [
    [tally.spooled, 'of what was read'],
    [inventory.spooled, 'of the inventory'],
    [own.spooled - inventory.spooled, 'about portlog itself'],
    [waiting - tally.spooled - own.spooled, 'of earlier runs'],
  ] as const;
  const some = parts.filter(([events]) => events > 0);
  return some.length < 2 ? '' : ` (${some.map(([events, what]) => `${withCommas(events)} ${what}`).join(', ')})`;
}

/** `read 48,211 = delivered 48,190 + already 0 + dead 3`: fixed terms, then those that are not zero. `sent` for sinks without acknowledgement. */
export function sumLine(sink: string, tally: Tally, acknowledges = true, unknown = 'neither delivered nor kept'): string {
  const always = [
    `${acknowledges ? 'delivered' : 'sent'} ${withCommas(tally.delivered)}`,
    `already ${withCommas(tally.already)}`,
    `dead ${withCommas(tally.dead)}`,
  ];
  const others = (['spooled', 'discarded', 'withheld'] as const)
    .filter((name) => tally[name] > 0)
    .map((name) => `${name} ${withCommas(tally[name])}`);
  const open = unaccounted(tally);
  if (open > 0) others.push(`${unknown} ${withCommas(open)}`);
  const removed = (tally.removed ?? 0) > 0 ? `; deleted again ${withCommas(tally.removed)}` : '';
  return `${sink}: read ${withCommas(tally.read)} = ${[...always, ...others].join(' + ')}${removed}`;
}
