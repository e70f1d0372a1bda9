import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { finished, freshDir, portlog, startPortlog, until } from '../support/run-portlog.ts';
import { answer, scriptedServer } from '../support/scripted-server.ts';

/* The same scan, twice in one run or by two processes, to a receiver that cannot tell. */

let server: Awaited<ReturnType<typeof scriptedServer>> | undefined;
afterEach(async () => server?.stop());

async function receiver(delayMs: number): Promise<{ readonly url: string; readonly ids: string[] }> {
  const ids: string[] = [];
  server = await scriptedServer(({ method, body }, response) => {
    for (const line of method === 'POST' ? body.trim().split('\n') : []) {
      const { event } = JSON.parse(line);
      if (event.dataset !== 'nmap.health') ids.push(event.id);
    }
    setTimeout(() => answer(response, 200, {}), method === 'POST' ? delayMs : 0);
  });
  return { url: `http=${server.url.origin}/nmap`, ids };
}

function scanIn(folder: string, hosts: number): string {
  const path = join(folder, 'a.xml');
  const start = 1_760_000_000;
  const element = (i: number): string =>
    `<host starttime="${start}" endtime="${start + 5}"><status state="up" reason="x"/><address addr="198.18.${i >> 8}.${i & 255}" addrtype="ipv4"/><ports>${[
      22, 80, 443,
    ]
      .map((number) => `<port protocol="tcp" portid="${number}"><state state="open" reason="x"/></port>`)
      .join('')}</ports></host>`;
  writeFileSync(
    path,
    `<nmaprun scanner="nmap" version="7.93" args="nmap 198.18.0.0/15" start="${start}"><scaninfo type="syn" protocol="tcp" numservices="3" services="22,80,443"/>
${Array.from({ length: hosts }, (_, i) => element(i)).join('\n')}
<runstats><finished time="${start + 60}" elapsed="60" exit="success"/><hosts up="${hosts}" down="0" total="${hosts}"/></runstats></nmaprun>`,
  );
  return path;
}

const twice = (ids: readonly string[]): number => ids.length - new Set(ids).size;

test.for([[], ['--again']])('a file given twice, and a copy of it, are delivered once %j', async (more) => {
  const folder = freshDir();
  const { url, ids } = await receiver(50);
  const path = scanIn(folder, 40);
  mkdirSync(join(folder, 'copies'));
  for (const name of ['b.xml', 'c.xml']) copyFileSync(path, join(folder, 'copies', name));
  const { code, stderr } = await portlog([path, path, join(folder, 'copies', 'b.xml'), '--to', url, '--state-dir', join(folder, 'state'), ...more]);
  expect([code, twice(ids), ids.length > 160]).toEqual([0, 0, true]);
  expect(stderr).toMatch(/spooled 0|already \d{3}/);
});

test('two processes with one state ship a file at the same time: all of it arrives once', async () => {
  const folder = freshDir();
  const { url, ids } = await receiver(150);
  const args = [scanIn(folder, 3000), '--to', url, '--state-dir', join(folder, 'state')];
  const both = await Promise.all([portlog(args), portlog(args)]);
  expect(both.map(({ code }) => code)).toEqual([0, 0]);
  expect(twice(ids)).toBe(0);
  expect(new Set(ids).size).toBeGreaterThanOrEqual(12_000);
  const told = both.map(({ stderr }) => Number((/= delivered ([\d,]+)/.exec(stderr)?.[1] ?? '').replaceAll(',', '')));
  expect(told.reduce((a, b) => a + b)).toBe(new Set(ids).size);
});

test('one of them is killed: the other sends what that one had claimed, and finishes', async () => {
  const folder = freshDir();
  const { url, ids } = await receiver(150);
  const args = [scanIn(folder, 3000), '--to', url, '--state-dir', join(folder, 'state')];
  const first = startPortlog(args);
  await until(() => ids.length > 1000);
  const second = portlog(args);
  await new Promise((resolve) => setTimeout(resolve, 300));
  first.kill('SIGKILL');
  await finished(first);
  expect(await second).toMatchObject({ code: 0 });
  expect(new Set(ids).size).toBeGreaterThanOrEqual(12_000);
  // No more than what was on its way, in four requests.
  expect(twice(ids)).toBeLessThanOrEqual(4000);
});
