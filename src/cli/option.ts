import type { Environment } from '../core/environment.ts';
import { PortlogError } from '../core/errors.ts';
import { isForShell, NO_TILDE } from '../core/tilde.ts';

/** A command-line option, defined once for parser, environment, help, completion, man pages and docs/reference/cli.md. */
export interface Option {
  readonly type: 'string' | 'boolean' | 'number' | 'list';
  readonly about: string;
  /** The default in words, for help. */
  readonly byDefault?: string;
  /** Placeholder of the value in help. */
  readonly value?: string;
  readonly choices?: readonly string[];
  readonly alias?: string;
  /** The smallest number, 0 unless said. */
  readonly min?: number;
  /** Whether 0 is excluded. */
  readonly isAboveZero?: boolean;
  readonly isWhole?: boolean;
  /** The largest sensible number; more is probably the wrong unit. */
  readonly max?: number;
  readonly group: 'Where to' | 'What' | 'How' | 'Messages';
}

export type Options = Readonly<Record<string, Option>>;

/** Values by option name, from flags or environment. */
export type Values = Readonly<Record<string, string | boolean | number | readonly string[] | undefined>>;

/** Default maximum. */
const MAX_NUMBER = 1e9;

const GROUPS: readonly Option['group'][] = ['Where to', 'What', 'How', 'Messages'];

/** Options by group, in the same order in every help and man page. */
export function groupsOf(options: Options): readonly (readonly [Option['group'], readonly (readonly [name: string, Option])[]])[] {
  const groups = Map.groupBy(Object.entries(options), ([, { group }]) => group);
  return GROUPS.flatMap((group) => {
    const list = groups.get(group);
    return list === undefined ? [] : [[group, list] as const];
  });
}

/** `FILE`, `ecs|otel`; undefined for a switch. */
export function argumentOf({ type, value, choices }: Option): string | undefined {
  return type === 'boolean' ? undefined : (value ?? choices?.join('|') ?? 'VALUE');
}

/** Help text: what it does, its choices and default. */
export function aboutOf({ about, byDefault, type }: Option): string {
  return `${about}${type === 'list' ? '; repeatable' : ''}${byDefault === undefined ? '' : ` (default: ${byDefault})`}`;
}

export function variableOf(option: string): string {
  return `PORTLOG_${option.toUpperCase().replaceAll('-', '_')}`;
}

/** `PORTLOG_<OPTION>`, a list separated by commas. Flags override it. Throws `usage` for an invalid value. */
export function fromEnvironment(options: Options, env: Environment): Values {
  const values: Record<string, Values[string]> = {};
  for (const [name, option] of Object.entries(options)) {
    const variable = variableOf(name);
    const text = env[variable];
    if (text === undefined || text === '') continue;
    const isSecret = SECRET.test(variable);
    const whole = isSecret ? variable : `${variable}=${text}`;
    const given = { it: `${whole}: it`, whole, isSecret };
    if (/[\r\n]$/.test(text))
      throw usage(`${variable} ends with a line end`, 'write the value without it; files with Windows line ends have one more');
    if (option.type === 'list') values[name] = partsOf(text, given);
    else values[name] = option.type === 'boolean' ? switched(text, given) : parsedValue(text, option, given);
  }
  return values;
}

/** Names of switches that might be taken for a place for a secret: PORTLOG_API_KEY. */
const SECRET = /KEY|PASSWORD|BEARER|SECRET|TOKEN/;

function partsOf(text: string, { whole }: Given): readonly string[] {
  const parts = text.split(',').map((part) => part.trim());
  if (parts.includes('')) throw usage(`${whole}: an item is empty: a comma is doubled, or at the beginning or end`, 'remove the superfluous comma');
  return parts;
}

/** How messages name a value: `it` is the option alone, `whole` includes the value. */
interface Given {
  readonly it: string;
  readonly whole: string;
  /** The value may be a secret and is not shown. */
  readonly isSecret?: boolean;
}

const PATHS: ReadonlySet<string | undefined> = new Set(['DIR', 'FILE', 'PATH', 'PEM']);

/** Parses a value. Throws `usage` when it is invalid. */
export function parsedValue(text: string, option: Option, { it, whole }: Given): string | number {
  const { type, choices, value, max = MAX_NUMBER } = option;
  if (choices !== undefined && !choices.includes(text)) throw usage(`${whole}: there is no such choice`, `there are: ${choices.join(', ')}`);
  if (PATHS.has(value) && isForShell(text)) throw usage(`${whole} ${NO_TILDE}`, 'write the whole path, or $HOME instead of ~');
  if (type !== 'number') return text;
  const number = text.trim() === '' ? Number.NaN : Number(text);
  if (!isInBounds(number, option)) throw usage(`${it} needs ${wantedNumber(option)}`);
  if (number > max) throw usage(`${it} takes numbers up to ${max}`, 'the unit is in the name of the option');
  return number;
}

function isInBounds(number: number, { min = 0, isAboveZero = false, isWhole = false }: Option): boolean {
  return Number.isFinite(number) && number >= min && !(isAboveZero && number === 0) && (!isWhole || Number.isInteger(number));
}

function wantedNumber({ min = 0, isAboveZero = false, isWhole = false }: Option): string {
  if (isWhole) return `a whole number from ${min}`;
  return isAboveZero ? 'a number above zero' : 'a number that is not negative';
}

const SWITCH: ReadonlyMap<string, boolean> = new Map([
  ...['1', 'true', 'yes', 'on'].map((word) => [word, true] as const),
  ...['0', 'false', 'no', 'off'].map((word) => [word, false] as const),
]);

/** Whether a text means on or off. */
export function isSwitch(text: string): boolean {
  return SWITCH.has(text.toLowerCase());
}

function switched(text: string, { it, isSecret = false }: Given): boolean {
  const isOn = SWITCH.get(text.toLowerCase());
  if (isOn !== undefined) return isOn;
  throw usage(`${it} is on or off`, `write true or false${isSecret ? '; a key itself goes into PORTLOG_ELASTICSEARCH_API_KEY' : ''}`);
}

function usage(message: string, hint?: string): PortlogError {
  return new PortlogError('usage', message, { hint });
}
