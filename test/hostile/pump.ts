import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSync, Visitor } from 'oxc-parser';

/** A regular expression as it stands in a file. */
export interface Literal {
  readonly where: string;
  readonly pattern: RegExp;
}

/** Every literal in the files of a folder, and each place that makes a pattern out of a text. */
export function patternsIn(folder: string): { readonly literals: readonly Literal[]; readonly made: readonly string[] } {
  const literals: Literal[] = [];
  const made: string[] = [];
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.ts')) continue;
    const source = readFileSync(join(folder, name), 'utf8');
    const isRegExp = (callee: object): boolean => 'name' in callee && callee.name === 'RegExp';
    new Visitor({
      Literal(node) {
        if ('regex' in node) literals.push({ where: `${name}: /${node.regex.pattern}/`, pattern: new RegExp(node.regex.pattern, node.regex.flags) });
      },
      NewExpression: ({ callee }) => void (isRegExp(callee) && made.push(name)),
      CallExpression: ({ callee }) => void (isRegExp(callee) && made.push(name)),
    }).visit(parseSync(name, source).program);
  }
  return { literals, made };
}

/** The longer, the worse it must be to stand out: one that doubles its time with each character, with its cube, with its square. */
const LENGTHS = [25, 600, 2000, 6000, 16_000];
/** Milliseconds of processor. What is linear takes a hundredth. */
const MOST_MS = 40;
/** What takes so long is tried with a text four times as long: is it linear, then it takes four times as long. */
const DOUBTFUL_MS = 3;

/** The text on which a pattern takes too long, and how long; undefined when there is none among those that are tried. */
export function slowest({ source, flags }: RegExp): { readonly text: string; readonly ms: number } | undefined {
  const all = new RegExp(source, flags.includes('g') || flags.includes('y') ? flags : `${flags}g`);
  for (const length of LENGTHS) {
    for (const attack of attacks(source)) {
      const ms = cost(all, attack(length));
      if (ms < DOUBTFUL_MS || (ms < MOST_MS && (length < 16_000 || least(all, attack(length * 4)) < MOST_MS * 2))) continue;
      if (ms >= MOST_MS && least(all, attack(length)) < MOST_MS) continue;
      return { text: JSON.stringify(attack(24)), ms };
    }
  }
  return undefined;
}

/** Others use the processor as well, and its caches. */
function least(pattern: RegExp, text: string): number {
  return Math.min(cost(pattern, text), cost(pattern, text));
}

/** Milliseconds of processor. */
function cost(pattern: RegExp, text: string): number {
  const before = process.cpuUsage();
  text.replace(pattern, '');
  const { user } = process.cpuUsage(before);
  return user / 1000;
}

/** The beginning of what matches, something out of it again and again, and an end that cannot match. */
function* attacks(source: string): Generator<(length: number) => string, void, undefined> {
  const sample = sampleOf(source);
  const pumps = new Set<string>(['a', ' ', '\n', 'a ', '0', '.']);
  for (let from = 0; from < sample.length; from++)
    for (const length of [1, 2, 3, 5, 8, 16]) for (const behind of ['', ' ', '.']) pumps.add(sample.slice(from, from + length).join('') + behind);
  const letters = [...new Set(sample)].slice(0, 8);
  for (const one of letters) for (const other of letters) pumps.add(one + other);
  const beginnings = new Set(['']);
  for (let length = 1; length <= sample.length && beginnings.size < 6; length += Math.max(1, Math.floor(sample.length / 5)))
    beginnings.add(sample.slice(0, length).join(''));
  for (const beginning of beginnings) for (const pump of pumps) yield (length) => `${beginning}${pump.repeat(Math.ceil(length / pump.length))}\u0001`;
}

const CLASSES: Readonly<Record<string, string>> = { d: '0', w: 'a', s: ' ', D: 'a', W: ' ', S: 'a', n: '\n', r: '\r', t: '\t', b: '', B: '' };

/** The characters that a pattern names, in order, whatever it says about them. */
function sampleOf(source: string): readonly string[] {
  const sample: string[] = [];
  for (const [, group, escaped, unicode, plain] of source.matchAll(
    /(\[(?:[^\]\\]|\\.)*\]|\(\?(?:[:=!]|<[=!])|[()|*+?^$]|\{\d+(?:,\d*)?\})|\\(?!u)(.)|\\u([0-9A-F]{4})|(.)/gi,
  )) {
    if (group?.startsWith('[') === true) sample.push(memberOf(group));
    else if (unicode !== undefined) sample.push(String.fromCharCode(Number.parseInt(unicode, 16)));
    else if (escaped !== undefined) sample.push(CLASSES[escaped] ?? escaped);
    else if (plain !== undefined) sample.push(plain === '.' ? 'a' : plain);
  }
  return sample.filter((character) => character !== '');
}

/** One character that a class takes. */
function memberOf(group: string): string {
  const pattern = new RegExp(group);
  return [...'a0 .:-/="\'A\n_,;@', ...group].find((character) => pattern.test(character)) ?? 'a';
}
