import type { Ending } from '../../nmap/item.ts';

const WORDS: Readonly<Record<Exclude<Ending, 'finished'>, string>> = {
  cut: 'the scan is not complete; only hosts that it finished',
  failed: 'nmap ended with an error; only hosts that it finished',
  listed: 'it is a list scan (-sL), which only names hosts and looks at none: none of them',
  empty: 'it has looked at no host: none',
};

/** What cannot be said of runs that did not finish, once for each kind: `the scan is not complete; only hosts that it finished count`. */
export function unfinishedText(endings: Iterable<Ending>, verb: string): readonly string[] {
  return [...new Set(endings)].flatMap((ending) => {
    if (ending === 'finished') return [];
    const isNone = ending === 'listed' || ending === 'empty';
    return [`${WORDS[ending]} ${isNone ? verb.replace(/^are /, 'is ').replace(/^count$/, 'counts') : verb}`];
  });
}
