import { join } from 'node:path';
import { expect } from 'vitest';
import { ROOT } from './run-portlog.ts';
import { portlogHere } from './run-in-process.ts';

export const SCAN = join(ROOT, 'examples', 'loopback.xml');
/** Nothing listens there. */
export const ES = 'elasticsearch=http://127.0.0.1:1';

/** What nobody should ever read: words of a validator, of Node, of JavaScript; patterns; stacks; empty lines. */
export const NEVER =
  /must NOT|must match|instancePath|E[A-Z]{4,}:|errno|syscall|YError|TypeError|undefined|\[object|NaN|\n\s+at |portlog: *(?:\n|$)|\^\[|\\[wd]|\(\?:|bug in portlog|non-option|Choices:|CronPattern|has the wrong form/;

export type Row = readonly [args: readonly string[], code: number, sentence: string, hint?: string | undefined];

export async function expectSentence(args: readonly string[], env: Readonly<Record<string, string>>, [, code, sentence, hint]: Row): Promise<void> {
  const { stderr, code: got } = await portlogHere(args, env);
  expect(stderr).toContain(`portlog: ${sentence}`);
  if (hint !== undefined) expect(stderr).toContain(`portlog:   → ${hint}`);
  expect(stderr).not.toMatch(NEVER);
  expect(got).toBe(code);
}
