import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { finished, freshDir, startPortlog, untilPrinted } from '../support/run-portlog.ts';
import { host, port, scan } from '../support/scans.ts';
import { SHAPES } from './shapes.ts';

/** What is told at once, so that one can see that reading has begun. */
const FIRST = scan(Array.from({ length: 3000 }, (_, i) => host(`192.0.${i >> 8}.${i & 255}`, port(80))).join(''));
const BYTES = 4_000_000;

test.for<readonly [string, string | Uint8Array]>([
  ['hosts with one end that all share', SHAPES['hosts with one end that all share']?.(BYTES) ?? ''],
  ['the same key', SHAPES['the same key']?.(BYTES) ?? ''],
  ['runs that say little', SHAPES['runs that say little']?.(BYTES) ?? ''],
  ['hosts that say little', SHAPES['hosts that say little']?.(BYTES) ?? ''],
  ['one host with a million ports', SHAPES['ports that say little']?.(50_000_000) ?? ''],
  ['gzip of very much', gzipSync(SHAPES['hosts that say little']?.(60_000_000) ?? '')],
])('SIGTERM is heard while %s are read', async ([, content]) => {
  const folder = freshDir();
  const paths = ['first.xml', 'hostile.xml', 'last.xml'].map((name) => join(folder, name));
  for (const [i, path] of paths.entries()) writeFileSync(path, [FIRST, content, FIRST][i] ?? '');
  const child = startPortlog(['--changes', '--state-dir', folder, '--to', 'stdout', ...paths]);
  const ended = finished(child);
  await untilPrinted(child, 'stdout', '192.0.0.0');
  await wait(200);
  const asked = performance.now();
  child.kill('SIGTERM');
  const { code, stderr } = await ended;
  expect(performance.now() - asked).toBeLessThan(2000);
  expect([code, stderr.includes('interrupted')]).toEqual([130, true]);
});
