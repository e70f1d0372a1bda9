import type { Source } from '../../src/source/source.ts';

/** A file with this text. */
export function textSource(name: string, text: string): Source {
  return {
    name,
    live: false,
    async *bytes() {
      yield Buffer.from(text);
    },
  };
}
