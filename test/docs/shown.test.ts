import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { page } from '../support/docs.ts';
import { portlogHere } from '../support/run-in-process.ts';
import { freshDir } from '../support/run-portlog.ts';
import { asked, named, scanOf, type StoryHost } from '../support/story.ts';

/** What the pages show of scans like these is what portlog prints of them: the same words, with other times, numbers and addresses. */
const WEB = asked(443, 'https', 'nginx', '1.18.0');
const www = (ssh: string, ...more: readonly string[]): StoryHost => ({
  ip: '192.0.2.7',
  name: 'www.example.net',
  ports: [asked(22, 'ssh', 'OpenSSH', ssh), WEB, ...more],
});
const DAYS: readonly (readonly StoryHost[])[] = [
  [www('9.2p1'), { ip: '192.0.2.9', ports: [] }],
  [www('9.2p1'), { ip: '192.0.2.9', ports: [] }],
  [www('9.6p1', named(3389, 'ms-wbt-server'), asked(23, 'telnet'), named(8081, 'blackice-icecap')), { ip: '192.0.2.9', down: true }],
];

/** A line with times, numbers and addresses as such, and each word in the singular. */
function shape(line: string): string {
  return line
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
    .replaceAll(/\d{4}-\d\d-\d\d(?: \d\d:\d\d)?/g, 'DATE')
    .replaceAll(/\b\d{1,3}(?:\.\d{1,3}){3}\b/g, 'ADDRESS')
    .replaceAll(/https?:\/\/\S+?(?=:? )/g, 'URL')
    .replaceAll(/\S+\.(?:xml|db)\b/g, 'FILE')
    .replaceAll(/\d[\d,.]*(?:p\d+)?/g, 'N')
    .replaceAll(/\b(second|minute|hour|day|change|host|port|event|finding|scan|file|element)s?\b/g, '$1')
    .replaceAll(/\b(?:berlin|default)\b/g, 'SITE')
    .replaceAll('weaknesses', 'weakness')
    .replaceAll(/N (?:second|minute|hour|day)\b/g, 'AGE')
    .replaceAll(/\bwaits\b/g, 'wait')
    .replaceAll(/\b[KM]iB\b/g, 'SIZE')
    .replace(/^directory \S+:/, 'directory:')
    .replace(/^schedule /, '')
    .replaceAll(/ +/g, ' ')
    .trim();
}

let printed: ReadonlySet<string>;
beforeAll(async () => {
  const folder = freshDir();
  const file = (name: string): string => join(folder, name);
  for (const [i, hosts] of DAYS.entries())
    writeFileSync(file(`${i}.xml`), scanOf({ daysAgo: 3 - i, hosts, options: 'nmap -v -sV -p 1-10000', targets: '192.0.2.0/24' }, Date.now()));
  // Of the same network, and fewer ports: not all that is open later was tested before.
  const less = scanOf({ daysAgo: 2, hosts: DAYS[1]!, options: 'nmap -v -sV -p 1-5000', targets: '192.0.2.0/24' }, Date.now());
  writeFileSync(
    file('less.xml'),
    less.replace('numservices="10000" services="1-10000"', 'numservices="5000" services="1-5000"').replaceAll(/count="\d+"/g, 'count="4998"'),
  );
  const config = file('portlog.yaml');
  writeFileSync(
    config,
    `stateDir: ${file('state')}
sites: { berlin: {} }
schedules: [{ name: weekly, cron: '0 22 * * 6', nmap: [192.0.2.0/24], site: berlin }]
directories: [{ path: ${folder} }]
sinks: [{ type: file, path: ${file('events.ndjson')} }]
`,
  );
  const state = ['--state-dir', file('state'), '--site', 'berlin'];
  const dead = ['--to', 'elasticsearch=http://127.0.0.1:1', '--retry-for-seconds', '1', '--state-dir', file('other')];
  const scans = DAYS.map((_, i) => file(`${i}.xml`));
  const outputs: string[] = [];
  for (const args of [
    ['diff', file('less.xml'), file('2.xml')],
    ['ship', '--to', `file=${file('events.ndjson')}`, ...state, ...scans.slice(0, 2)],
    ['inventory', ...state],
    ['ship', '--to', `file=${file('events.ndjson')}`, ...state, ...scans.slice(2)],
    ['findings', ...state],
    ['status', '--config', config],
    ['watch', '--once', '--to', `file=${file('watched.ndjson')}`, ...state, folder],
    ['status', '--config', config],
    ['ship', ...dead, file('0.xml')],
  ]) {
    const { stdout, stderr, code } = await portlogHere(args);
    expect(code, `${args.join(' ')}\n${stderr}`).toBeLessThanOrEqual(5);
    outputs.push(stdout, stderr);
  }
  const events = outputs.join('\n').split('\n');
  for (const line of readFileSync(file('events.ndjson'), 'utf8').trim().split('\n')) events.push((JSON.parse(line) as { message: string }).message);
  printed = new Set(events.map(shape));
}, 120_000);

/** Blocks of output (but for schedules that have run: test/cli/unattended.test.ts), by the page and how their first line begins. */
const BLOCKS: readonly (readonly [page: string, begins: string])[] = [
  ['docs/how-to/diff.md', 'port-opened'],
  ['docs/how-to/changes.md', '192.0.2.7 3389/tcp opened'],
  ['docs/how-to/inventory.md', 'SITE'],
  ['docs/how-to/report.md', 'SEVERITY'],
  ['docs/how-to/outage.md', 'portlog: elasticsearch https://es:9200: 8 events'],
  ['docs/how-to/unattended.md', '$ portlog status'],
];

test.each(BLOCKS)('%s shows what portlog prints: %s', (path, begins) => {
  const block = [...page(path).matchAll(/^```\w*\n([^]*?)^```$/gm)].map(([, text = '']) => text).find((text) => text.startsWith(begins));
  expect(block).toBeDefined();
  const missing = block!
    .trim()
    .split('\n')
    .filter((line) => !line.startsWith('$') && !/: due .*ended well/.test(line) && !printed.has(shape(line)));
  expect(missing).toEqual([]);
});
