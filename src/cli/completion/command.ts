/** What a shell must know of a command to complete it; it is a part of what defines one. */
export interface CompletedCommand {
  readonly name: string;
  readonly summary: string;
  readonly options: Readonly<Record<string, CompletedOption>>;
  /** What its first word may be: the targets of setup. */
  readonly tasks?: readonly { readonly name: string }[];
  /** What its other words are; none when left out. */
  readonly words?: 'files' | 'directories' | 'nmap arguments';
}

export interface CompletedOption {
  readonly type: 'string' | 'boolean' | 'number' | 'list';
  readonly about: string;
  readonly value?: string;
  readonly choices?: readonly string[];
  readonly alias?: string;
}

/** What the value of an option is to a shell. */
export type Value =
  | { readonly kind: 'none' | 'file' | 'directory' | 'text' }
  /** Nothing else is possible, or (`open`) something else is as well. A word that ends in = goes on. */
  | { readonly kind: 'words'; readonly words: readonly string[]; readonly open: boolean };

const FILES: ReadonlySet<string> = new Set(['FILE', 'PEM', 'PATH']);
/** Where more is possible than what a shell can offer. */
export const SINKS = [
  'elasticsearch=',
  'opensearch=',
  'loki=',
  'otlp=',
  'http=',
  'syslog=',
  'wazuh=',
  'file=',
  'alertmanager=',
  'exec',
  'stdout',
] as const;

export function valueOf({ type, choices, value = '' }: CompletedOption): Value {
  if (type === 'boolean') return { kind: 'none' };
  if (choices !== undefined) return { kind: 'words', words: choices, open: false };
  if (value.startsWith('SINK')) return { kind: 'words', words: SINKS, open: true };
  if (FILES.has(value)) return { kind: 'file' };
  return { kind: value === 'DIR' ? 'directory' : 'text' };
}

/** What the first word of a command may be, by name. */
export function taskNames({ tasks = [] }: CompletedCommand): readonly string[] {
  return tasks.map(({ name }) => name);
}

/** What an option is for, in a few words. */
export function shortDescription(about: string): string {
  return about.split(/;|:| \(/, 1)[0] ?? about;
}
