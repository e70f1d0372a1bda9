import { PortlogError } from '../core/errors.ts';
import { nearest } from '../core/nearest.ts';
import { object } from '../core/shape.ts';

/*
 * What a program passes to the library: JavaScript knows no types, and what is wrong there should end in a sentence where it was passed,
 * not as a TypeError somewhere inside.
 */

/** How a value has to be, and in words: `a text`. */
export interface Kind {
  readonly is: (value: unknown) => boolean;
  readonly words: string;
}

/** Throws `usage` for a value of another kind. `what`: function and argument, `ship: sources`. */
export function expectKind(what: string, value: unknown, { is, words }: Kind): void {
  if (!is(value)) throw new PortlogError('usage', `${what} must be ${words}${value === undefined ? ', and is missing' : ''}`, { hint: HINT });
}

const HINT = 'the types of the package say what each function takes';

/** Throws `usage` for options that are no object, for one that there is not, and for one of another kind. What is undefined is not there. */
export function expectOptions(what: string, options: unknown, kinds: Readonly<Record<string, Kind>>): void {
  expectKind(`${what}: options`, options, { is: object, words: 'an object' });
  for (const [name, value] of Object.entries(options as object)) {
    const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
    if (kind === undefined) throw noOption(what, name, Object.keys(kinds));
    if (value !== undefined) expectKind(`${what}: ${name}`, value, kind);
  }
}

function noOption(what: string, name: string, known: readonly string[]): PortlogError {
  const guess = nearest(name, known);
  return new PortlogError('usage', `${what}: there is no option ${name}`, {
    hint: guess === undefined ? `there are: ${known.join(', ')}` : `did you mean ${guess}?`,
  });
}
