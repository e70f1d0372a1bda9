import type { SinkMemory } from './sink.ts';

/** For a sink that has no state file: it is over with the process. */
export function inMemory(): SinkMemory {
  const texts = new Map<string, string>();
  return {
    get: (name) => texts.get(name),
    put: (name, text) => void texts.set(name, text),
    remove: (name) => void texts.delete(name),
    all: (prefix) => [...texts].filter(([name]) => name.startsWith(prefix)).toSorted(([a], [b]) => (a < b ? -1 : 1)),
    transaction: (work) => work(),
    wakeAt: () => undefined,
  };
}
