import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { host } from '../support/scans.ts';
import { portlog } from '../support/run-in-process.ts';
import { freshDir } from '../support/run-portlog.ts';

const field = (name: string): string => join(import.meta.dirname, '..', 'fixtures', name);

test('a target with an IPv6 zone is a target like others, for every command', async () => {
  const dir = freshDir();
  const state = ['--state-dir', join(dir, 'state')];
  const scan = field('ipv6-zone-target.xml');
  const shipped = await portlog([scan, '--to', `file=${join(dir, 'events.ndjson')}`, ...state]);
  expect([shipped.code, shipped.stderr]).toEqual([0, expect.not.stringContaining('mistake')]);
  expect((await portlog(['diff', scan, scan])).code).toBe(0);
  expect((await portlog(['diff', scan, ...state])).code).toBe(0);
  expect((await portlog(['inventory', '--network', 'fe80::1%eth0', ...state])).code).toBe(0);
});

test('a target that was not scanned is reported', async () => {
  const two = readFileSync(field('target-skipped.xml'), 'utf8').replace(
    '<runstats>',
    `${host('192.0.2.7', '<ports><port protocol="tcp" portid="80"><state state="open"/></port></ports>')}<runstats>`,
  );
  const { stderr, code } = await portlog([], { input: two });
  expect(stderr).toContain('portlog: standard input: 1 target was not scanned: nolonger.example (invalid)\n');
  expect(code).toBe(0);
});

test('arguments that once took minutes take no time, with their scan and with the next scan of the site', async () => {
  const dir = freshDir();
  const ship = (name: string): ReturnType<typeof portlog> =>
    portlog([field(name), '--to', `file=${join(dir, 'events.ndjson')}`, '--state-dir', join(dir, 'state')]);
  const began = performance.now();
  for (const name of ['redos-poison.xml', 'redos-benign.xml', 'scope-difference-3.xml', 'redos-benign.xml']) expect((await ship(name)).code).toBe(0);
  expect(performance.now() - began).toBeLessThan(60_000);
});
