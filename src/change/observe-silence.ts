import { currentValue, isSilenced, type KnownHost, lastOf, presenceSince, silentSince, since } from '../state/known-host.ts';
import type { Change, Side } from './change.ts';
import { ago, changeOf, durationWords } from './phrases.ts';
import { portKey, type Sighting } from './sighting.ts';

/* A host that nmap assumes to be up (-Pn), and of which nothing answers: its ports may be filtered, or it is down. */

const MOST_SHOWN = 5;

/** Whether a scan says that a host answers which the last one found silent. `known`: before it is noted. */
export function isBackFromSilence(known: KnownHost, { presence }: Sighting, time: number, confirm: number): boolean {
  return presence === 'up' && time >= known.time && silentSince(known, confirm) !== undefined;
}

/** Whether the port was open when its host last answered, at `answered`. */
export function wasOpenBefore(answered: number | undefined, open: KnownHost['up']): boolean {
  return answered !== undefined && isSilenced(open, answered);
}

/**
 * What a scan without any answer reports: not that each port was closed, but once that the host does not answer, or nothing if that is known.
 * As before if another port is still known to be open, which this scan has not tested.
 */
export function reportedOfSilence(known: KnownHost, changes: readonly Change[], time: number, confirm: number): readonly Change[] {
  const closed = changes.filter(({ action }) => action === 'port-closed');
  if (closed.length === 0 || silentSince(known, confirm) === undefined) return changes;
  const others = changes.filter(({ action }) => action !== 'port-closed');
  return currentValue(known.up, confirm) === 'no' ? others : [missing(known, closed, time), ...others];
}

function missing(known: KnownHost, closed: readonly Change[], time: number): Change {
  const ports = closed.map(({ port, before }) => `${port === undefined ? '' : portKey(port.protocol, port.number)} ${before.text}`.trim());
  const before: Side = { text: 'up', state: 'up', since: since(known.up, 'yes'), seen: lastOf(known.up.yes), scan: known.scan, ports };
  const shown = ports.slice(0, MOST_SHOWN).join(', ');
  const more = ports.length > MOST_SHOWN ? ` and ${ports.length - MOST_SHOWN} more` : '';
  const upFor = durationWords(known.up, 'yes', time, ', was up');
  return changeOf(
    known,
    'host-missing',
    before,
    { text: 'no answer' },
    `does not answer any more (-Pn: down, or filtered)${upFor}, with ${shown}${more} open`,
  );
}

/** `known`: before the answer is noted. */
export function backFromSilence(known: KnownHost, time: number, confirm: number): Change {
  const before: Side = { text: 'no answer', since: presenceSince(known, confirm), seen: known.time, scan: known.scan };
  return changeOf(
    known,
    'host-back',
    before,
    { text: 'up', state: 'up' },
    `answers again${ago(time - lastOf(known.up.yes), (words) => `, last seen ${words} ago`)}`,
  );
}
