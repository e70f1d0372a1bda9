import type { Writable } from 'node:stream';
import type { WaitingSink } from '../../../state/store.ts';
import { printable } from '../../../event/text.ts';
import { count } from './words.ts';

/** For people: per sink what waits and what was rejected, with the reasons. */
export function printWaiting(all: readonly WaitingSink[], out: Writable): void {
  if (all.length === 0) out.write('nothing waits, and nothing was rejected\n');
  for (const one of all) {
    const { tables } = one;
    const { events, batches, bytes, oldest, newest, damaged } = tables.spool.usage();
    out.write(`${printable(sinkName(one))}\n`);
    if (events > 0) {
      out.write(`  waiting  ${count(events, 'event')} in ${count(batches, 'batch', 'batches')}, ${(bytes / (1 << 20)).toFixed(1)} MiB\n`);
      out.write(`           since ${iso(oldest) ?? ''}, the newest of ${iso(newest) ?? ''}\n`);
    }
    if (damaged > 0) out.write(`  damaged  ${count(damaged, 'event')} of those cannot be read: the disk has changed them\n`);
    for (const { reason, status, events: dead } of tables.deadLetters.tolls())
      out.write(`  dead     ${count(dead, 'event')}: ${status === undefined ? '' : `${status} `}${printable(reason.slice(0, 200))}\n`);
  }
}

/** For machines, in one line. */
export function jsonWaiting(all: readonly WaitingSink[]): string {
  return JSON.stringify({ sinks: all.map(waitingFields) });
}

export function waitingFields({ identity, tables }: WaitingSink): object {
  const { oldest, newest, ...usage } = tables.spool.usage();
  const spool = { ...usage, oldest: iso(oldest), newest: iso(newest) };
  return { ...identity, spool, dead: { events: tables.deadLetters.count(), reasons: tables.deadLetters.tolls() } };
}

/** As people know it: `loki http://loki:3100 (tenant=a)`. */
export function sinkName({ identity: { type, target, scope } }: WaitingSink): string {
  return `${type} ${target}${scope === '' ? '' : ` (${scope})`}`;
}

export function iso(time: number | undefined): string | undefined {
  return time === undefined ? undefined : new Date(time).toISOString();
}
