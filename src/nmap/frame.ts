/** Of XML elements that are read whole, up to their end tag: how long one may be, in characters. */
const WHOLE = {
  host: 1 << 26,
  hosthint: 1 << 20,
  prescript: 1 << 24,
  postscript: 1 << 24,
  runstats: 1 << 20,
  output: 1 << 24,
} as const;
/** Elements of which the start tag says everything, or that stay open. */
const TAGS = ['nmaprun', 'scaninfo', 'verbose', 'debugging', 'target', 'taskbegin', 'taskprogress', 'taskend'] as const;

type WholeName = keyof typeof WHOLE;
export type FrameName = WholeName | (typeof TAGS)[number] | '/nmaprun' | 'DOCTYPE';

/** A tag, a comment: nmap writes its command line into both, and Linux allows 2 MiB for that (`ARG_MAX`). */
export const MAX_TAG = 1 << 21;
/** Declarations in a DOCTYPE are not read; only their end is looked for. */
export const MAX_DOCTYPE = 1 << 16;

/** A piece of the text that the parser can read as a whole: an element, or the tag of one that stays open. */
export interface Frame {
  readonly name: FrameName;
  readonly text: string;
  readonly start: number;
  readonly end: number;
  /** Why it is no whole element; absent when it looks like one. */
  readonly problem?: 'cut' | 'too-large' | 'bad-tag' | 'no-start';
  /** Of one without a start: what may have been the rest of it. */
  readonly passed?: Passed;
}

/** What belongs to no element: the byte where it begins, and its first {@link MAX_PASSED} characters. */
export interface Passed {
  readonly offset: number;
  readonly beginning: string;
}
export const MAX_PASSED = 4096;

/** What ends an element that is read whole, and how many characters it may have. */
export interface WholeElement {
  readonly closing: string;
  readonly most: number;
}
const WHOLES: ReadonlyMap<string, WholeElement> = new Map(Object.entries(WHOLE).map(([name, most]) => [name, { closing: `</${name}>`, most }]));
const TAG_ONLY: ReadonlySet<string> = new Set(TAGS);

/** The longest mark that is waited for. */
export const LONGEST_MARK = '</postscript>'.length;

export function isTagOnly(name: string): name is FrameName {
  return TAG_ONLY.has(name);
}

/** Of an element that is read whole; undefined when it is none. */
export function wholeOf(name: string): WholeElement | undefined {
  return WHOLES.get(name);
}

/** How many characters a frame may have; what has more is reported and left out, so that memory stays bounded. */
export function longest(name: FrameName): number {
  return WHOLE[name as WholeName] ?? (name === 'DOCTYPE' ? MAX_DOCTYPE : MAX_TAG);
}
