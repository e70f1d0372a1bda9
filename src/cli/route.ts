import { existsSync } from 'node:fs';
import { allCommands, type CommandName, commandOf, isCommand } from './commands.ts';
import { beforeDashes, noCommand, noFile, noTopic } from './mistyped.ts';
import type { Options } from './option.ts';

/** The command and its arguments, or what to print instead. */
export type Route =
  | { readonly kind: 'command'; readonly name: CommandName; readonly args: readonly string[] }
  | { readonly kind: 'help'; readonly name: CommandName | undefined }
  | { readonly kind: 'page'; readonly path: string }
  | { readonly kind: 'version' };

const HELP: ReadonlySet<string> = new Set(['--help', '-h']);
const VERSION: ReadonlySet<string> = new Set(['--version', '-V']);

/** Options may precede the command's name. Throws `usage` for a word that was meant as a command. */
export async function route(args: readonly string[]): Promise<Route> {
  if (args[0] === 'help') return await helpFor(args[1]);
  if (args[0] === 'version') return { kind: 'version' };
  const at = await firstWord(args);
  const word = args[at];
  const isNamed = word !== undefined && isCommand(word);
  const before = beforeDashes(args);
  if (before.some((one) => HELP.has(one))) return { kind: 'help', name: isNamed ? word : undefined };
  if (before.some((one) => VERSION.has(one))) return { kind: 'version' };
  if (isNamed) return { kind: 'command', name: word, args: args.toSpliced(at, 1) };
  if (word !== undefined && looksLikeCommand(word)) throw noCommand(word);
  if (word !== undefined && looksLikeTarget(word)) throw noFile(word);
  return { kind: 'command', name: 'ship', args };
}

/**
 * `portlog help COMMAND` is `portlog COMMAND --help`; `portlog help docs/how-to/scan.md` shows a page that a message has named, `portlog help
 * exit-codes` one by its topic.
 */
async function helpFor(word: string | undefined): Promise<Route> {
  if (word === undefined || word.startsWith('-') || word === 'help' || word === 'version') return { kind: 'help', name: undefined };
  if (isCommand(word)) return { kind: 'help', name: word };
  if (/\.md(?:#.*)?$/.test(word)) return { kind: 'page', path: word.replace(/#.*$/, '') };
  const topics = (await import('./page.ts')).topics();
  if (topics.includes(word)) return { kind: 'page', path: `${word}.md` };
  throw noTopic(word, topics);
}

/** Whether a word cannot be a file: no dot or slash in it, and it does not exist. */
function looksLikeCommand(word: string): boolean {
  return /^[A-Za-z][\w-]*$/.test(word) && !existsSync(word);
}

/** Whether a word can only be an address or a range of them, as nmap takes it. */
function looksLikeTarget(word: string): boolean {
  return (
    /^(?:\d{1,3}(?:-\d{1,3})?\.){3}(?:\d{1,3}|\*)(?:-\d{1,3})?(?:\/\d+)?$|^[\da-f]*:[\da-f]*:[\da-f:.]*(?:\/\d+)?$/i.test(word) && !existsSync(word)
  );
}

/** Index of the first word that is neither an option nor its value; the end when there is none, or after an unknown option. */
async function firstWord(args: readonly string[]): Promise<number> {
  let options: Options | undefined;
  for (let at = 0; at < args.length; at++) {
    const word = args[at] ?? '';
    if (word === '--' || !/^-./.test(word)) return word === '--' ? args.length : at;
    if (HELP.has(word) || VERSION.has(word)) continue;
    options ??= (await commandOf('ship')).options;
    if (optionOf(options, word) === undefined) options = await everyOption();
    const option = optionOf(options, word);
    // The next word may be its value.
    if (option === undefined) return args.length;
    if (option.type !== 'boolean' && !word.includes('=')) at++;
  }
  return args.length;
}

/** Options of one name take a value in every command, or in none. */
async function everyOption(): Promise<Options> {
  return Object.fromEntries((await allCommands()).flatMap(({ options }) => Object.entries(options)));
}

function optionOf(options: Options, word: string): Options[string] | undefined {
  const name = /^--?(?:no-)?([^=]*)/.exec(word)?.[1] ?? '';
  if (!word.startsWith('--')) return Object.values(options).find(({ alias }) => alias === name);
  return Object.hasOwn(options, name) ? options[name] : undefined;
}
