import { expect, test } from 'vitest';
import { printLostRuns } from '../../src/cli/session/report/summary.ts';
import type { Log } from '../../src/cli/session/log.ts';

function hintFor(what: string): string | undefined {
  const said: string[] = [];
  printLostRuns([{ pid: 7, started: 0, what, sums: [] }], { warn: (text: string) => said.push(text) } as unknown as Log);
  return said.at(-1);
}

test.each(['nmap', 'nmap (nightly)'])('what a killed run read from %s cannot be shipped again', (what) => {
  expect(hintFor(what)).toBe('  → no file can be shipped again: the next scan looks at the same targets, and what waits on disk is sent');
});

test.each(['scan.xml', 'nmap.xml', 'standard input'])('%s can', (what) => {
  expect(hintFor(what)).toBe('  → ship the same again: what arrived is not stored twice');
});
