import type { ChangeAction } from '../../../change/change.ts';
import { MAX_NAMED, type NotedChanges } from '../../../pipeline/noted-changes.ts';
import { counted, withCommas } from '../../../event/text.ts';

/** Each kind of change in words, singular and plural, most severe first. */
const WORDS: Readonly<Record<ChangeAction, readonly [one: string, many: string]>> = {
  'exposure-unexpected': ['unexpected open port', 'unexpected open ports'],
  'exposure-expired': ['port open after its expiry date', 'ports open after their expiry date'],
  'finding-opened': ['new finding', 'new findings'],
  'port-opened': ['port opened', 'ports opened'],
  'port-reopened': ['port opened again', 'ports opened again'],
  'port-closed': ['port closed', 'ports closed'],
  'host-new': ['new host', 'new hosts'],
  'host-missing': ['host missing', 'hosts missing'],
  'host-back': ['host back', 'hosts back'],
  'service-changed': ['service changed', 'services changed'],
  'host-key-changed': ['SSH host key changed', 'SSH host keys changed'],
  'certificate-changed': ['certificate changed', 'certificates changed'],
  'os-changed': ['operating system changed', 'operating systems changed'],
  'mac-changed': ['MAC address changed', 'MAC addresses changed'],
  'finding-resolved': ['finding resolved', 'findings resolved'],
};

/**
 * The changes as a part of a line: `changed: 2 ports opened (192.0.2.7 23/tcp, 192.0.2.9 80/tcp), 1 host missing (192.0.2.8)`. Undefined
 * without changes, unless a complete scan allows to say that nothing has changed.
 */
export function changesText(noted: NotedChanges, isWhole: boolean): string | undefined {
  const earlier = Object.entries(noted.earlier).map(earlierText);
  const parts = [newText(noted, isWhole, earlier.length > 0), ...earlier].filter((part) => part !== undefined);
  return parts.length === 0 ? undefined : parts.join('; ');
}

function newText({ counts, first, isBaseline }: NotedChanges, isWhole: boolean, hasEarlier: boolean): string | undefined {
  const actions = Object.keys(WORDS).filter((action) => (counts[action] ?? 0) > 0) as readonly ChangeAction[];
  const parts = actions.map((action) => countText(action, counts[action] ?? 0, first[action] ?? []));
  const less = (counts['scope-shrank'] ?? 0) > 0 ? LESS : undefined;
  if (parts.length === 0 && isBaseline) return [FIRST, less].filter((text) => text !== undefined).join('; ');
  if (parts.length === 0 && less !== undefined) return `${less}; where it looked, nothing has changed`;
  if (parts.length === 0 && !isWhole) return undefined;
  if (parts.length === 0) return hasEarlier ? 'nothing new' : 'nothing has changed';
  const changed = `changed: ${parts.join(', ')}${isBaseline ? '; the rest, seen for the first time, is the baseline' : ''}`;
  return less === undefined ? changed : `${changed}; ${less}`;
}

const FIRST = 'seen for the first time: taken as the baseline';
/** `scope-shrank` */
const LESS = 'it looked at less than the last scan with these arguments';

/** What was told before, and goes now to a sink that did not have it. */
function earlierText([sink, changes]: readonly [string, number]): string {
  return changes === 0 ? `the earlier baseline goes to ${sink}` : `${counted(changes, 'earlier change')} ${changes === 1 ? 'goes' : 'go'} to ${sink}`;
}

function countText(action: ChangeAction, number: number, places: readonly string[]): string {
  const more = places.length > MAX_NAMED ? ', …' : '';
  return `${withCommas(number)} ${WORDS[action][number === 1 ? 0 : 1]} (${places.slice(0, MAX_NAMED).join(', ')}${more})`;
}
