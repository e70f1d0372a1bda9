/** The parts of a command that completion needs. */
export interface CompletedCommand {
  readonly name: string;
  readonly summary: string;
  readonly options: Readonly<Record<string, CompletedOption>>;
  /** Subcommands: the targets of setup. */
  readonly tasks?: readonly { readonly name: string }[];
  /** What its arguments are; absent: none. */
  readonly words?: 'files' | 'directories' | 'nmap arguments';
}

export interface CompletedOption {
  readonly type: 'string' | 'boolean' | 'number' | 'list';
  readonly about: string;
  readonly value?: string;
  readonly choices?: readonly string[];
  readonly alias?: string;
}

/** The value of an option, for completion. */
export type Value =
  | { readonly kind: 'none' | 'file' | 'directory' | 'text' }
  /** A closed list, or (`open`) suggestions. A word that ends in = is continued. */
  | { readonly kind: 'words'; readonly words: readonly string[]; readonly open: boolean };

const FILES: ReadonlySet<string> = new Set(['FILE', 'PEM', 'PATH']);
/** Suggestions for `--from`, and for `--to` but for what the configuration file alone may name. */
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

export function valueKind({ type, choices, value = '' }: CompletedOption): Value {
  if (type === 'boolean') return { kind: 'none' };
  if (choices !== undefined) return { kind: 'words', words: choices, open: false };
  if (value === 'SINK[=URL]') return { kind: 'words', words: SINKS.filter((sink) => sink !== 'exec'), open: true };
  if (value === 'SINK=URL') return { kind: 'words', words: SINKS, open: true };
  if (FILES.has(value)) return { kind: 'file' };
  return { kind: value === 'DIR' ? 'directory' : 'text' };
}

/** Names of the subcommands. */
export function taskNames({ tasks = [] }: CompletedCommand): readonly string[] {
  return tasks.map(({ name }) => name);
}

/** A short description of an option. */
export function shortDescription(about: string): string {
  return about.split(/;|:| \(/, 1)[0] ?? about;
}
