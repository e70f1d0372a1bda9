import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { freshDir, portlog } from '../support/run-portlog.ts';
import { host, port } from '../support/scans.ts';

const START = 1_760_000_000;
const head = (start: number): string =>
  `<nmaprun scanner="nmap" version="7.93" args="nmap -v -p 22 192.0.2.0/30" start="${start}"><scaninfo type="syn" protocol="tcp" numservices="1" services="22"/><verbose level="1"/>`;
const end = (start: number): string =>
  `<runstats><finished time="${start + 60}" elapsed="60" exit="success"/><hosts up="3" down="0" total="3"/></runstats></nmaprun>`;
const hosts = (start: number, state: string, ...last: readonly number[]): string =>
  last.map((one) => host(`192.0.2.${one}`, port(22, state), `starttime="${start}" endtime="${start + 5}"`)).join('');

test('a sink that is added with the second half of a scan gets each change of it once', async () => {
  const folder = freshDir();
  const put = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const [a, b] = [join(folder, 'a'), join(folder, 'b')];
  const ship = (path: string, ...files: string[]): ReturnType<typeof portlog> =>
    portlog([...files.flatMap((file) => ['--to', `file=${file}`]), '--state-dir', join(folder, 'state'), path]);
  const opened = (file: string): string[] =>
    [...readFileSync(file, 'utf8').matchAll(/"message":"(192\.0\.2\.\d+) 22\/tcp opened/g)].map(([, address = '']) => address).sort();

  await ship(put('before.xml', head(START - 86_400) + hosts(START - 86_400, 'closed', 1, 2, 3) + end(START - 86_400)), a);
  await ship(put('cut.xml', head(START) + hosts(START, 'open', 1)), a);
  const whole = put('whole.xml', head(START) + hosts(START, 'open', 1, 2, 3) + end(START));
  await ship(whole, a, b);
  expect([opened(a), opened(b)]).toEqual([
    ['192.0.2.1', '192.0.2.2', '192.0.2.3'],
    ['192.0.2.1', '192.0.2.2', '192.0.2.3'],
  ]);
  await ship(whole, a, b);
  expect([opened(a).length, opened(b).length]).toEqual([3, 3]);
});
