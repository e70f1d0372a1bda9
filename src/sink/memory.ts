import type { SinkMemory } from './sink.ts';

/** In-memory replacement for a sink without a state file. */
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
