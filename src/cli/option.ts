import type { Environment } from '../core/environment.ts';
import { PortlogError } from '../core/errors.ts';

/** An option of the command line, defined once: the parser, the environment, help, completion, man pages and docs/reference/cli.md come from here. */
export interface Option {
  readonly type: 'string' | 'boolean' | 'number' | 'list';
  readonly about: string;
  /** What it is when nobody says; in words, and only for people. */
  readonly byDefault?: string;
  /** What stands for the value in help. */
  readonly value?: string;
  readonly choices?: readonly string[];
  readonly alias?: string;
  /** The largest number that makes sense; what is larger is a mistake in the unit. */
  readonly max?: number;
  readonly group: 'Where to' | 'What' | 'How' | 'Messages';
}

export type Options = Readonly<Record<string, Option>>;

/** Values by option name, whoever gave them. */
export type Values = Readonly<Record<string, string | boolean | number | readonly string[] | undefined>>;

/** Of anything that is counted or measured here. */
const MAX_NUMBER = 1e9;

/** `FILE`, `ecs|otel`; undefined of a switch. */
export function argumentOf({ type, value, choices }: Option): string | undefined {
  return type === 'boolean' ? undefined : (value ?? choices?.join('|') ?? 'VALUE');
}

/** What help says of it: what it does, what it may be, and what it is when nobody says. */
export function aboutOf({ about, byDefault, type }: Option): string {
  return `${about}${type === 'list' ? '; repeatable' : ''}${byDefault === undefined ? '' : ` (default: ${byDefault})`}`;
}

export function variableOf(option: string): string {
  return `PORTLOG_${option.toUpperCase().replaceAll('-', '_')}`;
}

/** `PORTLOG_<OPTION>`, a list separated by commas. The environment stands behind the flags. Throws `usage` for what the option would not take. */
export function fromEnvironment(options: Options, env: Environment): Values {
  const values: Record<string, Values[string]> = {};
  for (const [name, option] of Object.entries(options)) {
    const variable = variableOf(name);
    const text = env[variable];
    if (text === undefined || text === '') continue;
    const given = { it: `${variable}=${text}: it`, whole: `${variable}=${text}` };
    if (option.type === 'list') values[name] = text.split(',').map((part) => part.trim());
    else values[name] = option.type === 'boolean' ? switched(text, given) : valueOf(text, option, given);
  }
  return values;
}

/** What a value is called in messages: alone before what it does not do, and with what was given. */
interface Given {
  readonly it: string;
  readonly whole: string;
}

/** The value that a text stands for. Throws `usage` when it stands for none. */
export function valueOf(text: string, { type, choices, max = MAX_NUMBER }: Option, { it, whole }: Given): string | number {
  if (choices !== undefined && !choices.includes(text)) throw usage(`${whole}: there is no such choice`, `there are: ${choices.join(', ')}`);
  if (type !== 'number') return text;
  const number = text.trim() === '' ? Number.NaN : Number(text);
  if (!Number.isFinite(number) || number < 0) throw usage(`${it} needs a number that is not negative`);
  if (number > max) throw usage(`${it} takes numbers up to ${max}`, 'the unit is in the name of the option');
  return number;
}

const SWITCH: ReadonlyMap<string, boolean> = new Map([
  ...['1', 'true', 'yes', 'on'].map((word) => [word, true] as const),
  ...['0', 'false', 'no', 'off'].map((word) => [word, false] as const),
]);

function switched(text: string, { it }: Given): boolean {
  const isOn = SWITCH.get(text.toLowerCase());
  if (isOn === undefined) throw usage(`${it} is on or off`, 'write true or false');
  return isOn;
}

function usage(message: string, hint?: string): PortlogError {
  return new PortlogError('usage', message, hint === undefined ? {} : { hint });
}
