import type { HostKey } from '../event/host-key.ts';
import { type KnownHostKey, type LatestValue, withValue } from '../state/known-host.ts';
import type { Side } from './change.ts';
import { lifetimeOf } from './phrases.ts';

/** A server whose types change all the time does not fill the state. */
const MOST_TYPES = 16;

/** Both sides of a change, and what to say of it. */
export interface HostKeyChange {
  readonly before: Side;
  readonly after: Side;
  readonly what: string;
}

interface OtherKey {
  readonly type: string;
  readonly was: LatestValue<string>;
  readonly is: string;
}

/**
 * Compares the keys of an SSH server type by type, so that neither their order nor a type that is missing this time counts. A server that
 * shows none of the known types, and others instead, has changed: somebody in between needs only to offer what nobody knows. `now`: what is
 * known from now on.
 */
export function observeHostKeys(
  known: readonly KnownHostKey[] = [],
  seen: readonly HostKey[],
  stamp: Parameters<typeof withValue>[2],
): { readonly now: readonly KnownHostKey[]; readonly change: HostKeyChange | undefined } {
  const now = new Map(known.map((one) => [one.type, one]));
  const others: OtherKey[] = [];
  for (const { type, fingerprint } of seen) {
    const was = now.get(type)?.key;
    if (was === undefined && now.size >= MOST_TYPES) continue;
    const key = withValue(was, fingerprint, stamp, isSameKey);
    now.set(type, { type, key });
    if (was !== undefined && key.value === fingerprint && !isSameKey(was.value, fingerprint)) others.push({ type, was, is: fingerprint });
  }
  const change = others.length > 0 ? changeOf(others) : isAnotherServer(known, seen, stamp.time) ? otherTypes(known, seen) : undefined;
  return { now: [...now.values()], change };
}

/** Whether it shows only types that were never seen, later than all of the known ones. */
function isAnotherServer(known: readonly KnownHostKey[], seen: readonly HostKey[], time: number): boolean {
  if (known.length === 0 || known.length >= MOST_TYPES) return false;
  return known.every(({ type, key }) => key.at < time && !seen.some((one) => one.type === type));
}

function otherTypes(known: readonly KnownHostKey[], seen: readonly HostKey[]): HostKeyChange {
  const was = known.map(({ type, key }) => `${type} ${key.value}`);
  const is = seen.map(({ type, fingerprint }) => `${type} ${fingerprint}`);
  const latest = known.reduce((a, b) => (b.key.at > a.key.at ? b : a)).key;
  return {
    before: { text: was.join(', '), hostKeys: was, ...lifetimeOf(latest) },
    after: { text: is.join(', '), hostKeys: is },
    what: `shows an SSH host key of another type, and none of the known ones: ${is[0]}, was ${was[0]}`,
  };
}

/** Hashes of different kinds cannot be compared. */
function isSameKey(a: string, b: string): boolean {
  return a === b || a.startsWith('MD5:') !== b.startsWith('MD5:');
}

function changeOf(others: readonly OtherKey[]): HostKeyChange | undefined {
  // The one that people are shown: ssh asks for it first.
  const shown = others.find(({ type }) => type === 'ssh-ed25519') ?? others[0];
  if (shown === undefined) return undefined;
  const [was, is] = [others.map(({ type, was: { value } }) => `${type} ${value}`), others.map(({ type, is: value }) => `${type} ${value}`)];
  const more = others.filter((other) => other !== shown).map(({ type }) => type);
  const latest = others.reduce((a, b) => (b.was.at > a.was.at ? b : a)).was;
  return {
    before: { text: was.join(', '), hostKeys: was, ...lifetimeOf(latest) },
    after: { text: is.join(', '), hostKeys: is },
    what: `has another SSH host key: ${shown.type} ${shown.is}, was ${shown.was.value}${more.length === 0 ? '' : ` (others as well: ${more.join(', ')})`}`,
  };
}
