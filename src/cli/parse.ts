import { parseArgs } from 'node:util';
import { PortlogError } from '../core/errors.ts';
import type { Command } from './command.ts';
import { noOption, refuseMistypedWords, withoutValue } from './mistyped.ts';
import { type Options, type Values, parsedValue } from './option.ts';

/** Parsed arguments: options by name, and other words. */
export interface ParsedArguments {
  readonly values: Values;
  readonly words: readonly string[];
}

/** Throws `usage`. `args`: those of the command, without its name. */
export async function parseArguments(command: Command, args: readonly string[]): Promise<ParsedArguments> {
  refuseMistypedWords(command, args);
  const { tokens } = parseArgs({ args: [...args], options: parserOptions(command.options), strict: false, allowPositionals: true, tokens: true });
  const values: Record<string, Values[string]> = {};
  const words: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') words.push(token.value);
    if (token.kind !== 'option') continue;
    const name = nameOf(token.name, command.options);
    if (name === undefined) throw await noOption(token.name, command, args);
    values[name] = given(name, token, command.options, values[name]);
  }
  return { values, words };
}

interface Token {
  readonly name: string;
  readonly value: string | undefined;
  readonly inlineValue: boolean | undefined;
}

/** The name of an option, or of the switch that `--no-` turns off. */
function nameOf(written: string, options: Options): string | undefined {
  if (Object.hasOwn(options, written)) return written;
  const positive = written.startsWith('no-') ? written.slice(3) : '';
  return Object.hasOwn(options, positive) ? positive : undefined;
}

/** `before`: the value of the same option earlier on the line. */
function given(name: string, { name: written, value, inlineValue }: Token, options: Options, before: Values[string]): Values[string] {
  const option = options[name];
  if (before !== undefined && option?.type !== 'list') throw new PortlogError('usage', `--${name} was given twice`);
  if (option === undefined || option.type === 'boolean') return written === name;
  // `-` is standard input or output; a negative number is a value, to be refused later.
  if (value === undefined || (inlineValue !== true && /^-[^\d]/.test(value))) throw withoutValue(name, option, value);
  if (value === '') throw new PortlogError('usage', `--${name} got an empty word`, { hint: 'a variable of the shell may be empty' });
  const checked = parsedValue(value, option, { it: `--${name}`, whole: `--${name} "${value}"` });
  return option.type === 'list' ? [...(Array.isArray(before) ? (before as readonly string[]) : []), String(checked)] : checked;
}

function parserOptions(options: Options): Record<string, { type: 'string' | 'boolean'; short?: string }> {
  return Object.fromEntries(
    Object.entries(options).map(([name, { type, alias }]) => [
      name,
      { type: type === 'boolean' ? ('boolean' as const) : ('string' as const), ...(alias === undefined ? {} : { short: alias }) },
    ]),
  );
}
