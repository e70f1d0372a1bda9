import { Malformed } from './malformed.ts';

/** A value of `--script-args`: its path of names, and its position. */
export interface ScriptArgument {
  /** Names of the tables around it, then its own, if it has one. */
  readonly names: readonly string[];
  readonly isNamed: boolean;
  /** Including quotes. */
  readonly start: number;
  readonly end: number;
}

/** Nesting limit. */
const MAX_DEPTH = 64;

/**
 * Reads `--script-args` by the grammar of nse_main.lua: `name=value` or `value`, between commas or line ends; a value is
 * a table in braces, or a string, in `"` or `'` with backslash as the escape, or bare, without `,`, `{`, `}`, `=` and
 * line ends. Undefined where nmap would say "arguments did not parse!". Linear in its length.
 */
export function scriptArguments(text: string): readonly ScriptArgument[] | undefined {
  try {
    return [...new Grammar(text).all()];
  } catch (error) {
    if (error instanceof Malformed) return undefined;
    throw error;
  }
}

interface Text {
  readonly start: number;
  readonly end: number;
  readonly value: string;
}

class Grammar {
  private readonly text: string;
  private at = 0;

  constructor(text: string) {
    this.text = text;
  }

  *all(): Generator<ScriptArgument, void, undefined> {
    yield* this.fields([]);
    if (this.at < this.text.length) this.fail('there is text after its end');
  }

  /** Up to the brace that closes the table, or to the end. */
  private *fields(names: readonly string[]): Generator<ScriptArgument, void, undefined> {
    if (names.length > MAX_DEPTH) this.fail('too many tables in each other');
    for (;;) {
      this.skip(/\s/);
      yield* this.field(names);
      this.skip(/[^\S\n]/);
      if (this.at === this.text.length || this.isNext('}')) return;
      if (!this.isNext(',') && !this.isNext('\n')) this.fail('neither a comma nor an end');
      this.at++;
    }
  }

  private *field(names: readonly string[]): Generator<ScriptArgument, void, undefined> {
    if (this.isNext('{')) return yield* this.table([...names, '']);
    const first = this.string();
    this.skip(/[^\S\n]/);
    if (!this.isNext('=')) return yield { names, isNamed: false, start: first.start, end: first.end };
    this.at++;
    this.skip(/[^\S\n]/);
    const inner = [...names, first.value];
    const start = this.at;
    let end: number | undefined;
    if (this.isNext('{')) yield* this.table(inner);
    else ({ end } = this.string());
    yield { names: inner, isNamed: true, start, end: end ?? this.at };
  }

  private *table(names: readonly string[]): Generator<ScriptArgument, void, undefined> {
    this.at++;
    yield* this.fields(names);
    if (!this.isNext('}')) this.fail('a table without an end');
    this.at++;
  }

  private string(): Text {
    const start = this.at;
    const quote = this.text[this.at];
    if (quote !== '"' && quote !== "'") {
      this.skip(/[^\n,{}=]/);
      const value = this.text.slice(start, this.at).trimEnd();
      return { start, end: start + value.length, value };
    }
    for (this.at++; !this.isNext(quote); this.at++) {
      if (this.isNext('\\')) this.at++;
      if (this.at >= this.text.length) this.fail('a quote without an end');
    }
    this.at++;
    return { start, end: this.at, value: this.text.slice(start + 1, this.at - 1) };
  }

  private isNext(character: string): boolean {
    return this.text[this.at] === character;
  }

  private skip(characters: RegExp): void {
    while (this.at < this.text.length && characters.test(this.text[this.at] as string)) this.at++;
  }

  private fail(why: string): never {
    throw new Malformed(why, this.at);
  }
}
