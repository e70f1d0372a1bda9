import { isoTime } from '../../../event/time.ts';
import type { WaitingSink } from '../../../state/store.ts';
import { shownIdentity, shownTarget } from '../../../sink/shown.ts';
import { counted } from '../../../event/text.ts';
import { sized } from './words.ts';

/** For people: waiting and rejected events per sink, with reasons. */
export function waitingLines(all: readonly WaitingSink[]): readonly string[] {
  return all.length === 0 ? ['nothing waits, and nothing was rejected'] : all.flatMap(linesOf);
}

function linesOf(one: WaitingSink): readonly string[] {
  const { spool, deadLetters } = one.tables;
  const { events, batches, bytes, oldest, newest, damaged } = spool.usage();
  const waiting = [
    `  waiting  ${counted(events, 'event')} in ${counted(batches, 'batch', 'batches')}, ${sized(bytes)}`,
    `           since ${iso(oldest) ?? ''}, the newest of ${iso(newest) ?? ''}`,
  ];
  const dead = deadLetters
    .countsByReason()
    .map(
      ({ reason, status, events: rejected }) =>
        `  dead     ${counted(rejected, 'event')}: ${[status, reason.slice(0, 200)].filter((word) => word !== undefined).join(' ')}`,
    );
  return [
    shownIdentity(one.identity),
    ...(events > 0 ? waiting : []),
    ...(damaged > 0 ? [`  damaged  ${counted(damaged, 'event')} of those cannot be read: the disk has changed them`] : []),
    ...dead,
  ];
}

/** For machines, in one line. */
export function jsonWaiting(all: readonly WaitingSink[]): string {
  return JSON.stringify({ sinks: all.map(waitingFields) });
}

export function waitingFields({ identity, tables }: WaitingSink): object {
  const { oldest, newest, ...usage } = tables.spool.usage();
  const spool = { ...usage, oldest: iso(oldest), newest: iso(newest) };
  return {
    ...identity,
    target: shownTarget(identity.target),
    spool,
    dead: { events: tables.deadLetters.count(), reasons: tables.deadLetters.countsByReason() },
  };
}

export function iso(time: number | undefined): string | undefined {
  return time === undefined ? undefined : isoTime(time);
}
