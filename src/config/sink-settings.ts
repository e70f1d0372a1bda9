import { SINK_SETTINGS } from '../sink/kinds.ts';

/** A hint for a setting of another sink type: its name here, or the types that have it. Undefined when no type has it. */
export function settingHint(name: string, type: string): string | undefined {
  const own = Object.values(SINK_SETTINGS).find((settings) => settings.type === type)?.properties ?? {};
  const here = INSTEAD.get(name)?.find((other) => Object.hasOwn(own, other));
  if (here !== undefined) return `did you mean "${here}"?`;
  const kinds = Object.values(SINK_SETTINGS).filter(({ properties }) => Object.hasOwn(properties, name));
  return kinds.length === 0 ? undefined : `that is for: ${kinds.map((kind) => kind.type).join(', ')}`;
}

/** Settings with the same purpose in other types. */
const INSTEAD: ReadonlyMap<string, readonly string[]> = new Map([
  ['url', ['path', 'command']],
  ['path', ['url', 'command']],
  ['urls', ['url']],
]);
