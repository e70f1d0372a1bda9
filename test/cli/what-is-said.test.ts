import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { portlog } from '../support/run-in-process.ts';
import { freshDir } from '../support/run-portlog.ts';
import { host, port, scan } from '../support/scans.ts';

/* Statements of a run about what was read, what was lost and what was known before. */

const DOWN = ['--to', 'http=http://127.0.0.1:1/', '--retry-for-seconds', '0'];
const folder = freshDir();

function written(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const header = (start: number): string => `scanner="nmap" version="7.93" args="nmap -v -p 22,80 192.0.2.0/28" start="${start}"`;
const night = (day: number, inside: string): string => {
  const start = 1_760_000_000 + day * 86_400;
  const text = scan(`<verbose level="1"/><scaninfo type="syn" protocol="tcp" numservices="2" services="22,80"/>${inside}`, header(start));
  return text.replaceAll(/"17600000(\d\d)"/g, (_, seconds: string) => `"${start + Number(seconds)}"`);
};

/** The numbers of a line `…: read 4 = delivered 0 + …`; `before`: what stands before `: read`. */
function sumsOf(stderr: string, before: string): Readonly<Record<string, number>> | undefined {
  const line = stderr.split('\n').find((one) => one.includes(`${before}: read `));
  const words = line?.split(`${before}: `)[1]?.matchAll(/([a-z]+) ([\d,]+)/g);
  return words && Object.fromEntries([...words].map(([, fate = '', events = '']) => [fate, Number(events.replaceAll(',', ''))]));
}

const SINK = 'http http://127.0.0.1:1';

test('a full spool: what was read is said, where it stopped, and nothing about changes', async () => {
  const hosts = Array.from({ length: 1500 }, (_, i) => host(`192.0.${i >> 8}.${i & 255}`, port(80)));
  const path = written('large.xml', scan(`<scaninfo type="syn" protocol="tcp" numservices="1" services="80"/>${hosts.join('')}`));
  const args = ['--state-dir', join(folder, 'full'), '--spool-max-mib', '0.001', ...DOWN];
  const { stderr, code } = await portlog([...args, '--json', path, written('more.xml', night(0, host('192.0.2.1', port(80))))]);
  // No replay sends the rest.
  expect(code).toBe(4);
  expect(stderr).toMatch(/large\.xml was only read up to byte \d+ for http .*: its spool is full\n/);
  const [, listed, open] = /large\.xml: 1 run, ([\d,]+) hosts listed, ([\d,]+) open ports\n/.exec(stderr) ?? [];
  expect(listed).toMatch(/^[1-9]/);
  expect(open).toBe(listed);
  expect(stderr).toMatch(/1 input was not read: .*more\.xml\n/);
  expect(stderr).not.toMatch(/nothing has changed|no ports looked at/);
  const summary = JSON.parse(stderr.split('\n').find((line) => line.startsWith('{"exit"')) ?? '');
  expect(summary.inputs).toMatchObject([{ partOnly: true, portScans: 1, problem: { code: 'spool-full' } }]);
  // Of portlog's own events there are at least a problem of delivery, and the summary of the run.
  expect(summary.sinks[0].own.spooled).toBeGreaterThan(1);
  // It is still known when the messages of the run are gone, until the same is read to its end.
  const status = await portlog(['status', '--state-dir', join(folder, 'full')]);
  expect(status.stdout).toMatch(/cut {7}\S*large\.xml was read only in part for http .*, because its spool was full: scan or ship it again\n/);
  expect(status.stdout).toMatch(/\S*more\.xml was read only in part for http/);
  await portlog(['--state-dir', join(folder, 'full'), '--spool-max-mib', '100', ...DOWN, path]);
  const after = await portlog(['status', '--json', '--state-dir', join(folder, 'full')]);
  expect(JSON.parse(after.stdout).cut).toMatchObject([{ type: 'http', what: expect.stringContaining('more.xml') }]);
});

test('events that are dropped to make room are in one sum each, are lost in words, and end with exit 4', async () => {
  const state = ['--state-dir', join(folder, 'dropping')];
  const first = await portlog([...state, ...DOWN, written('first.xml', night(0, host('192.0.2.1', port(80))))]);
  const before = Number(/: (\d+) events wait on disk/.exec(first.stderr)?.[1]);
  expect([first.code, before > 0]).toEqual([5, true]);
  const dropping = [...state, ...DOWN, '--spool-when-full', 'drop-oldest', '--spool-max-mib', '0.00001'];
  const { stderr, code } = await portlog([...dropping, '--verbose', written('second.xml', night(1, host('192.0.2.2', port(22))))]);
  const [earlier, own, read] = [`${SINK}, from earlier runs`, `${SINK}, of portlog's own`, SINK].map((one) => sumsOf(stderr, one));
  expect(earlier).toEqual({ read: before, delivered: 0, already: 0, dead: 0, discarded: before });
  expect(read?.['read']).toBe((read?.['spooled'] ?? 0) + (read?.['discarded'] ?? 0));
  const lost = before + (read?.['discarded'] ?? 0) + (own?.['discarded'] ?? 0);
  expect(stderr).toContain(`${SINK}: ${lost} events were discarded, neither delivered nor kept: the spool is full, so the oldest make room`);
  expect(code).toBe(4);
  expect((await portlog(['status', ...state])).stdout).toContain(`${SINK}: ${lost} events neither delivered nor kept, or purged, so far; the last `);
});

test('earlier changes that a new destination gets are not new, and it is not said that nothing has changed', async () => {
  const state = ['--state-dir', join(folder, 'late')];
  const ports = (of22: string): string => (port(22, of22) + port(80)).replace('</ports><ports>', '');
  const nights = [night(0, host('192.0.2.1', ports('closed'))), night(1, host('192.0.2.1', ports('open')))];
  const files = nights.map((text, day) => written(`night-${day}.xml`, text));
  const [one, two] = [join(folder, 'one'), join(folder, 'two')];
  for (const file of files) await portlog([...state, '--to', `file=${one}`, file]);
  const said = await portlog([...state, '--to', `file=${two}`, ...files]);
  expect(said.stderr).toContain(`night-0.xml: 1 run, 1 host listed, 1 open port; nothing new; the earlier baseline goes to file ${two}\n`);
  expect(said.stderr).toContain(`night-1.xml: 1 run, 1 host listed, 2 open ports; nothing new; 1 earlier change goes to file ${two}\n`);
  expect(readFileSync(two, 'utf8')).toContain('"action":"port-opened"');
  const again = await portlog([...state, '--to', `file=${two}`, ...files]);
  expect(again.stderr).toContain('night-1.xml: 1 run, 1 host listed, 2 open ports; nothing has changed\n');
});
