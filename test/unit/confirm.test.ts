import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { isSure } from '../../src/cli/session/confirm.ts';
import type { CommandContext } from '../../src/cli/session/context.ts';

/** What comes of the question when these keys are pressed. */
async function answered(keys: string): Promise<boolean> {
  const stdin = Object.assign(new PassThrough(), { isTTY: true });
  const stderr = Object.assign(new PassThrough(), { isTTY: true });
  const terminal = { stdin, stderr, stdout: new PassThrough() };
  const sure = isSure({ terminal } as unknown as CommandContext, 'forget 1 host', '--forget');
  stdin.write(keys);
  return sure;
}

test.for([
  ['yes', 'yes\r', true],
  ['anything else', 'y\r', false],
  ['Ctrl-C', '\u0003', false],
  ['Ctrl-D', '\u0004', false],
] as const)('%s at the question whether something is to be deleted', async ([, keys, isYes]) => {
  expect(await answered(keys)).toBe(isYes);
});
