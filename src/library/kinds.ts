import { listOf, object, record, type Shape, tableOf, text } from '../core/shape.ts';
import type { Kind } from './given.ts';

const isFunction: Shape = (value): value is unknown => typeof value === 'function';
const isFlag: Shape = (value): value is unknown => typeof value === 'boolean';
const isWhole = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 1;
/** By what it can do: it may come from another copy of the package, or from a test. */
const having = (...functions: readonly string[]): Shape => record(Object.fromEntries(functions.map((name) => [name, isFunction])));

export const TEXT: Kind = { is: (value) => text(value) && value !== '', words: 'a non-empty string' };
export const TEXTS: Kind = { is: listOf(text), words: 'a list of strings' };
export const TABLE: Kind = { is: tableOf(text), words: 'an object of strings' };
export const FLAG: Kind = { is: isFlag, words: 'true or false' };
export const FUNCTION: Kind = { is: isFunction, words: 'a function' };
export const MILLISECONDS: Kind = { is: (value) => Number.isFinite(value) && (value as number) >= 0, words: 'a number of milliseconds, 0 or more' };
export const WHOLE: Kind = { is: isWhole, words: 'a whole number, 1 or more' };
export const OBJECT: Kind = { is: object, words: 'an object' };
export const LIST: Kind = { is: Array.isArray, words: 'a list' };
export const MAP: Kind = { is: having('get', 'entries'), words: 'a Map' };
export const SIGNAL: Kind = { is: record({ aborted: isFlag, addEventListener: isFunction }), words: 'an AbortSignal' };
export const CLOCK: Kind = { is: having('now', 'elapsed', 'sleep', 'random'), words: 'a clock with now, elapsed, sleep and random' };

const isSink = record({
  name: text,
  identity: record({ type: text, target: text, scope: text }),
  limits: object,
  accepts: isFunction,
  encode: isFunction,
  send: isFunction,
  close: isFunction,
});
export const SINK: Kind = { is: isSink, words: 'a sink, as openSink and stdoutSink give one' };
export const SINK_LIST: Kind = { is: listOf(isSink), words: 'a list of sinks, as openSink and stdoutSink give them' };
export const SOURCES: Kind = { is: listOf(record({ name: text, bytes: isFunction })), words: 'a list of sources, as fileSource gives them' };
export const STORE: Kind = { is: having('watch', 'close'), words: 'a store, as openStore gives one' };
export const POLICY: Kind = { is: having('networkOf', 'expects', 'judge'), words: 'a policy, as exposurePolicy and loadExposure give one' };
export const INTEL: Kind = { is: having('knownExploited', 'probability'), words: 'what vulnerabilityIntel gives' };
export const ADDRESSES: Kind = { is: having('has'), words: 'what addressSet gives' };
export const STREAM: Kind = { is: having('on', 'write'), words: 'a stream that can be written to, such as process.stdout' };
export const EVENT: Kind = { is: record({ id: text, shared: object, own: object }), words: 'an event, as toEvents gives them' };
export const ITEM: Kind = { is: record({ kind: text }), words: 'an item, as readScans gives them' };
export const BYTES: Kind = {
  is: (value) => ArrayBuffer.isView(value) && 'BYTES_PER_ELEMENT' in value && value.BYTES_PER_ELEMENT === 1,
  words: 'bytes (a Uint8Array); a stream gives them when no encoding is set',
};

/** A text is iterable, too, and never meant. */
export const ITERABLE: Kind = {
  is: (value) => typeof value === 'object' && value !== null && (Symbol.asyncIterator in value || Symbol.iterator in value),
  words: 'a list, a stream or another iterable',
};

export function oneOfWords(...words: readonly string[]): Kind {
  return { is: (value) => words.includes(value as string), words: `one of ${words.join(', ')}` };
}
