import { nearest } from '../core/nearest.ts';
import { PortlogError } from '../core/errors.ts';
import { COMMAND_OPTIONS, type Options } from './command-options.ts';

type Command = keyof typeof COMMAND_OPTIONS;
const COMMANDS = Object.keys(COMMAND_OPTIONS) as readonly Command[];

/** `portlog help COMMAND` is `portlog COMMAND --help`. */
export function withoutHelp(args: readonly string[]): readonly string[] {
  if (args[0] !== 'help') return args;
  const [, word] = args;
  if (word === undefined) return ['--help'];
  if (!(COMMANDS as readonly string[]).includes(word)) throw noCommand(word);
  return [word, '--help'];
}

/** What yargs would take for something else: a value for a switch, `--no-` before what is no switch, a word that is empty. */
export function refuseOddWords(args: readonly string[]): void {
  const options: Options = COMMAND_OPTIONS[commandOf(args)];
  for (const word of beforeDashes(args)) {
    // Of `-sV` yargs would make the version.
    if (/^-[A-Za-z]{2}/.test(word)) throw writtenTogether(word, options, args);
    if (word === '') throw new PortlogError('usage', 'one of the words is empty', { hint: 'a variable of the shell may be empty' });
    const [, name = '', value] = /^--([\w-]+)(?:=(.*))?$/s.exec(word) ?? [];
    if (options[name]?.type === 'boolean' && value !== undefined)
      throw new PortlogError('usage', `--${name} takes no value`, { hint: `write --${name}, or --no-${name}` });
    const negated = name.startsWith('no-') ? options[name.slice(3)] : undefined;
    if (negated !== undefined && negated.type !== 'boolean')
      throw new PortlogError('usage', `there is no option --${name}`, { hint: `leave --${name.slice(3)} out` });
  }
}

/** `-qv`, of letters that are all options, is one too many; else the first that is none is what is wrong. */
function writtenTogether(word: string, options: Options, args: readonly string[]): PortlogError {
  const letters = word.slice(1).split('');
  const known = new Set(Object.values(options).map(({ alias }) => alias));
  const unknown = letters.find((letter) => !known.has(letter));
  if (unknown !== undefined) return noOption(unknown, commandOf(args), args);
  return new PortlogError('usage', `${word} is not understood: each option is a word of its own`, {
    hint: `write ${letters.map((letter) => `-${letter}`).join(' ')}`,
  });
}

/** A word that should be a file, and is neither that nor a command. */
export function noCommand(word: string): PortlogError {
  const guess = nearest(word, COMMANDS);
  return new PortlogError('usage', `there is no command "${word}", and no file of that name`, {
    hint: guess === undefined ? 'portlog --help lists the commands' : `did you mean portlog ${guess}?`,
  });
}

/** What yargs says of a command line, in our words, and what was perhaps meant. */
export function usageError(message: string, args: readonly string[]): PortlogError {
  const command = commandOf(args);
  const options: Options = COMMAND_OPTIONS[command];
  const bare = /^Not enough arguments following: (.+)$/.exec(message)?.[1];
  if (bare !== undefined) return withoutValue(bare, options);
  const [, name, given] = /^[^:]*:\n +Argument: ([\w-]+), Given: "(.*)", Choices:/s.exec(message) ?? [];
  if (name !== undefined)
    return new PortlogError('usage', `--${name} "${given}": there is no such choice`, {
      hint: `there are: ${options[name]?.choices?.join(', ') ?? ''}`,
    });
  const unknown = /^Unknown arguments?: (.+)$/.exec(message)?.[1]?.split(', ')[0];
  if (unknown === undefined) return new PortlogError('usage', 'the command line cannot be understood', { hint: `portlog ${command} --help` });
  return noOption(unknown, command, args);
}

function withoutValue(name: string, options: Options): PortlogError {
  const [whole = name, option] = Object.entries(options).find(([one, { alias }]) => one === name || alias === name) ?? [];
  const { value = 'VALUE', choices } = option ?? {};
  return new PortlogError('usage', `--${whole} needs a value: --${whole} ${choices?.join('|') ?? value}`, {
    hint: 'what begins with a hyphen is taken for another option; write it as --OPTION=VALUE',
  });
}

function noOption(unknown: string, command: Command, args: readonly string[]): PortlogError {
  const shown = `${unknown.length === 1 ? '-' : '--'}${unknown}`;
  if (command === 'scan' && !args.includes('--'))
    return new PortlogError('usage', `there is no option ${shown}`, { hint: "put nmap's arguments behind --: portlog scan -- -sV 192.0.2.0/24" });
  const hint = `portlog ${command} --help shows those that it has`;
  const isElsewhere = Object.values(COMMAND_OPTIONS).some((options) => Object.hasOwn(options, unknown));
  if (isElsewhere) return new PortlogError('usage', `portlog ${command} has no option ${shown}`, { hint });
  const guess = unknown.length === 1 ? undefined : nearest(unknown, Object.keys(COMMAND_OPTIONS[command]));
  return new PortlogError('usage', `there is no option ${shown}`, { hint: guess === undefined ? hint : `did you mean --${guess}?` });
}

function commandOf(args: readonly string[]): Command {
  return beforeDashes(args).find((arg): arg is Command => (COMMANDS as readonly string[]).includes(arg)) ?? 'ship';
}

function beforeDashes(args: readonly string[]): readonly string[] {
  const dashes = args.indexOf('--');
  return dashes === -1 ? args : args.slice(0, dashes);
}
