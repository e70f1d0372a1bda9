import { isoTime } from '../../../event/time.ts';
import type { DeadLetterCount } from '../../../state/dead-letters.ts';
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
  const dead = rejectedOf(deadLetters).flatMap(({ reason, status, events: rejected, examples }) => [
    `  dead     ${counted(rejected, 'event')}: ${[status, reason.slice(0, 200)].filter((word) => word !== undefined).join(' ')}`,
    ...examples.map((message) => `           ${message}`),
    ...(rejected > examples.length && examples.length > 0 ? [`           and ${counted(rejected - examples.length, 'other')}`] : []),
  ]);
  return [
    shownIdentity(one.identity),
    ...(events > 0 ? waiting : []),
    ...(damaged > 0 ? [`  damaged  ${counted(damaged, 'event')} of those cannot be read: the disk has changed them`] : []),
    ...dead,
  ];
}

/** Most events that are named for each reason. */
const MOST_EXAMPLES = 5;
/** `message` of an event, in JSON or in JSON within JSON (Loki). */
const MESSAGE = /(?:"message":"((?:[^"\\]|\\.){1,2000})")|(?:\\"message\\":\\"((?:[^"\\]|\\[^"]){1,2000})\\")/;
const LONGEST = 160;

type Rejected = DeadLetterCount & { readonly examples: readonly string[] };

/** What was rejected by reason, with what some of the events say. */
function rejectedOf(deadLetters: WaitingSink['tables']['deadLetters']): readonly Rejected[] {
  return deadLetters.countsByReason().map((count) => ({
    ...count,
    examples: deadLetters.bodiesOf(count, MOST_EXAMPLES).flatMap((body) => messageIn(body) ?? []),
  }));
}

function messageIn(body: string): string | undefined {
  const [, plain, escaped] = MESSAGE.exec(body) ?? [];
  try {
    const text = plain ?? (escaped === undefined ? undefined : (JSON.parse(`"${escaped}"`) as string));
    return text === undefined ? undefined : (JSON.parse(`"${text}"`) as string).slice(0, LONGEST);
  } catch {
    return undefined;
  }
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
    dead: { events: tables.deadLetters.count(), reasons: rejectedOf(tables.deadLetters) },
  };
}

export function iso(time: number | undefined): string | undefined {
  return time === undefined ? undefined : isoTime(time);
}
