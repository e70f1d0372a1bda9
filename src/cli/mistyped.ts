import { nearest } from '../core/nearest.ts';
import { PortlogError } from '../core/errors.ts';
import type { Command } from './command.ts';
import { allCommands, COMMAND_NAMES } from './commands.ts';
import { argumentOf, type Option, type Options } from './option.ts';

/** Refuses arguments that would be misunderstood: combined letters, a value for a switch, `--no-` of an option that is no switch, an empty word. */
export function refuseMistypedWords(command: Command, args: readonly string[]): void {
  const { options } = command;
  for (const word of beforeDashes(args)) {
    if (word === '') throw new PortlogError('usage', 'one of the words is empty', { hint: 'a variable of the shell may be empty' });
    // `-sV` is meant for nmap.
    if (/^-[A-Za-z]{2}/.test(word)) throw meantForNmap(word, command) ?? writtenTogether(word, command, args);
    const [, name = '', value] = /^--([\w-]+)(?:=(.*))?$/s.exec(word) ?? [];
    if (options[name]?.type === 'boolean' && value !== undefined)
      throw new PortlogError('usage', `--${name} takes no value`, { hint: `write --${name}, or --no-${name}` });
    const negated = name.startsWith('no-') ? options[name.slice(3)] : undefined;
    if (negated !== undefined && negated.type !== 'boolean')
      throw new PortlogError('usage', `there is no option --${name}`, { hint: `leave --${name.slice(3)} out` });
  }
}

/** Letters that only nmap has as options. */
const OF_NMAP = /^-(?:s[A-Z]|P[nSAUYEPMOR]|p[-\d]|o[XNGSA]|T[0-5]|i[LR])/;

/** `portlog -sV 192.0.2.1`: as it is typed after `nmap`. */
function meantForNmap(word: string, { name }: Command): PortlogError | undefined {
  if (name !== 'ship' || !OF_NMAP.test(word)) return undefined;
  return new PortlogError('usage', `portlog has no option ${word}; nmap has`, { hint: 'to let portlog run nmap: portlog scan -- -sV 192.0.2.0/24' });
}

/** `-qv`: combined letters; else the first unknown letter. */
function writtenTogether(word: string, command: Command, args: readonly string[]): PortlogError {
  const letters = word.slice(1).split('');
  const known = new Set(Object.values(command.options satisfies Options).map(({ alias }) => alias));
  const unknown = letters.find((letter) => !known.has(letter));
  if (unknown !== undefined) return notAnOption(unknown, command, args);
  return new PortlogError('usage', `${word} is not understood: write each option separately`, {
    hint: `write ${letters.map((letter) => `-${letter}`).join(' ')}`,
  });
}

/** The error for an address or range, as in `portlog 192.0.2.1`, that is not a file. */
export function noFile(word: string): PortlogError {
  return new PortlogError('usage', `there is no file ${word}`, { hint: `to scan that address: portlog scan -- ${word}` });
}

/** The error for a word that is neither a file nor a command. */
export function noCommand(word: string): PortlogError {
  const guess = nearest(word.toLowerCase(), COMMAND_NAMES);
  return new PortlogError('usage', `there is no command "${word}", and no file of that name`, {
    hint: guess === undefined ? 'portlog --help lists the commands' : `did you mean portlog ${guess}?`,
  });
}

/** The error for a word behind `portlog help` that is neither a command nor one of the pages. */
export function noTopic(word: string, topics: readonly string[]): PortlogError {
  const guess = nearest(word.toLowerCase(), [...COMMAND_NAMES, ...topics]);
  return new PortlogError('usage', `there is no command "${word}", and no page of that name`, {
    hint: guess === undefined ? 'portlog help lists the commands and pages' : `did you mean portlog help ${guess}?`,
  });
}

/** `next`: the word that follows. */
export function withoutValue(name: string, option: Option, next: string | undefined): PortlogError {
  const message = `--${name} needs a value: --${name} ${argumentOf(option)}`;
  if (next === undefined) return new PortlogError('usage', message);
  return new PortlogError('usage', message, {
    hint: `${next} is taken for another option; a value that begins with a hyphen is written --${name}=${next}`,
  });
}

/** The error for an unknown option: another command has it, or it is mistyped. */
export async function noOption(unknown: string, command: Command, args: readonly string[]): Promise<PortlogError> {
  const { name } = command;
  const isElsewhere = (await allCommands()).some(({ options }) => hasOption(options, unknown));
  if (isElsewhere && !isForNmap(name, args))
    return new PortlogError('usage', `portlog ${name} has no option ${shown(unknown)}`, { hint: `portlog ${name} --help shows those that it has` });
  return notAnOption(unknown, command, args);
}

function notAnOption(unknown: string, { name, options }: Command, args: readonly string[]): PortlogError {
  const message = `there is no option ${shown(unknown)}`;
  if (isForNmap(name, args)) return new PortlogError('usage', message, { hint: "put nmap's arguments behind --: portlog scan -- -sV 192.0.2.0/24" });
  const guess = unknown.length === 1 ? undefined : nearest(unknown, [...Object.keys(options), 'help', 'version']);
  return new PortlogError('usage', message, {
    hint: guess === undefined ? `portlog ${name} --help shows those that it has` : `did you mean --${guess}?`,
  });
}

function hasOption(options: Options, name: string): boolean {
  return name.length === 1 ? Object.values(options).some(({ alias }) => alias === name) : Object.hasOwn(options, name);
}

function shown(option: string): string {
  return `${option.length === 1 ? '-' : '--'}${option}`;
}

function isForNmap(command: string, args: readonly string[]): boolean {
  return command === 'scan' && !args.includes('--');
}

/** The words of portlog: those behind `--` are for nmap. */
export function beforeDashes(args: readonly string[]): readonly string[] {
  const dashes = args.indexOf('--');
  return dashes === -1 ? args : args.slice(0, dashes);
}
