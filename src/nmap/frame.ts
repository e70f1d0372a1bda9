/** Elements that are read as a whole, with the most characters that one may have. */
const WHOLE = {
  host: 1 << 26,
  hosthint: 1 << 20,
  prescript: 1 << 24,
  postscript: 1 << 24,
  runstats: 1 << 20,
  output: 1 << 24,
} as const;
/** Elements of which only the start tag is read. */
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
  /** Why it is not a whole element; absent when it looks like one. */
  readonly problem?: 'cut' | 'too-large' | 'bad-tag' | 'no-start';
  /** Of one without a start tag: the text in front, which may be its content. */
  readonly passed?: Passed;
}

/** Text that belongs to no element: its byte offset, and its first {@link MAX_PASSED} characters. */
export interface Passed {
  readonly offset: number;
  readonly beginning: string;
}
export const MAX_PASSED = 4096;

/** The end tag of an element that is read as a whole, and its most characters. */
export interface WholeElement {
  readonly closing: string;
  readonly most: number;
}
const WHOLES: ReadonlyMap<string, WholeElement> = new Map(Object.entries(WHOLE).map(([name, most]) => [name, { closing: `</${name}>`, most }]));
const TAG_ONLY: ReadonlySet<string> = new Set(TAGS);

/** The longest text that is searched for across two chunks. */
export const LONGEST_MARK = '</postscript>'.length;

export function isTagOnly(name: string): name is FrameName {
  return TAG_ONLY.has(name);
}

/** Undefined for an element that is not read as a whole. */
export function wholeOf(name: string): WholeElement | undefined {
  return WHOLES.get(name);
}

/** The most characters of a frame; a longer one is reported and left out, so that memory stays bounded. */
export function longest(name: FrameName): number {
  return WHOLE[name as WholeName] ?? (name === 'DOCTYPE' ? MAX_DOCTYPE : MAX_TAG);
}
