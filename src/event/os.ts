import type { Os, OsClass } from '../nmap/model.ts';
import { type Fields, some } from './event.ts';

/** The words that ECS allows in `host.os.type`. */
const TYPES: ReadonlyMap<string | undefined, string> = new Map([
  ['linux', 'linux'],
  ['windows', 'windows'],
  ['android', 'android'],
  ['ios', 'ios'],
  ['mac os x', 'macos'],
  ['macos', 'macos'],
  ['aix', 'unix'],
  ['freebsd', 'unix'],
  ['openbsd', 'unix'],
  ['netbsd', 'unix'],
  ['solaris', 'unix'],
  ['opensolaris', 'unix'],
  ['hp-ux', 'unix'],
  ['irix', 'unix'],
]);

/** ECS `host.os`: nmap's best guess, which it lists first. */
export function hostOs(os: Os | undefined): Fields | undefined {
  const match = os?.matches[0];
  const best = match?.classes[0] ?? os?.classes[0];
  if (match === undefined && best === undefined) return undefined;
  const family = best?.osfamily?.toLowerCase();
  return {
    full: match?.name,
    name: best?.osfamily,
    version: best?.osgen,
    family,
    type: TYPES.get(family),
  };
}

/** `nmap.os`: all guesses. */
export function nmapOs(os: Os | undefined): Fields | undefined {
  if (os === undefined) return undefined;
  return {
    match: some(os.matches.map(({ name, accuracy, line }) => ({ name, accuracy, line }))),
    class: some([...os.matches.flatMap(({ classes }) => classes), ...os.classes].map(osClass)),
    portused: some(os.portused.map(({ state, proto, portid }) => ({ state, proto, portid }))),
    fingerprint: some(os.fingerprints),
  };
}

function osClass({ vendor, osfamily, osgen, type, accuracy, cpes }: OsClass): Fields {
  return { vendor, osfamily, osgen, type, accuracy, cpe: some(cpes) };
}
