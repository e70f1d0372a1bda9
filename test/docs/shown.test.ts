import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { openDatabase } from '../../src/state/store.ts';
import { Runs } from '../../src/state/runs.ts';
import { newTally } from '../../src/state/tally.ts';
import { page, pages } from '../support/docs.ts';
import { portlogHere } from '../support/run-in-process.ts';
import { freshDir, ROOT } from '../support/run-portlog.ts';
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
    .replaceAll(/\S+\.(?:xml|db|ndjson)\b/g, 'FILE')
    .replace(/^portlog: +(?:elasticsearch URL|file FILE):/, 'portlog: SINK:')
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
/** Of the example's two runs, as they are printed. */
let sums: readonly string[];
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
  const killed = file('killed');
  leaveKilledRun(killed);
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
    ['ship', '--to', `file=${file('killed.ndjson')}`, '--state-dir', killed, file('0.xml')],
    ['ship', '--to', `file=${file('example.ndjson')}`, '--state-dir', file('example'), join(ROOT, 'examples/loopback.xml')],
    ['ship', '--to', `file=${file('example.ndjson')}`, '--state-dir', file('example'), join(ROOT, 'examples/loopback.xml')],
  ]) {
    const { stdout, stderr, code } = await portlogHere(args);
    expect(code, `${args.join(' ')}\n${stderr}`).toBeLessThanOrEqual(5);
    outputs.push(stdout, stderr);
  }
  const events = outputs.join('\n').split('\n');
  sums = events.filter((line) => line.includes('example.ndjson: read'));
  for (const line of readFileSync(file('events.ndjson'), 'utf8').trim().split('\n')) events.push((JSON.parse(line) as { message: string }).message);
  printed = new Set(events.map(shape));
}, 600_000);

/** In a state directory: what a process that was killed leaves. */
function leaveKilledRun(stateDir: string): void {
  const database = openDatabase(stateDir);
  const runs = new Runs(database);
  runs.save(runs.begin(999_999_999, 'big.xml', Date.now() - 60_000), [
    { sink: 'elasticsearch https://es:9200', tally: { ...newTally(), read: 24_000, delivered: 22_800 } },
  ]);
  database.close();
}

/** Blocks of output (but for schedules that have run: test/cli/unattended.test.ts), by the page and how their first line begins. */
const BLOCKS: readonly (readonly [page: string, begins: string])[] = [
  ['README.md', 'portlog: scan.xml'],
  ['docs/how-to/diff.md', 'port-opened'],
  ['docs/how-to/changes.md', '192.0.2.7 3389/tcp opened'],
  ['docs/how-to/inventory.md', 'SITE'],
  ['docs/how-to/report.md', 'SEVERITY'],
  ['docs/how-to/outage.md', 'portlog: elasticsearch https://es:9200: 8 events'],
  ['docs/how-to/outage.md', 'portlog: the run of'],
  ['docs/how-to/unattended.md', '$ portlog status'],
];

/** Output within a sentence. */
const INLINE: readonly (readonly [page: string, output: string])[] = [
  ['README.md', '192.0.2.7 3389/tcp opened (ms-wbt-server), closed for 41 days'],
  ['README.md', 'read 13 = delivered 0 + already 13'],
  ['docs/reference/words.md', 'read 15 = delivered 13 + already 2 + dead 0'],
];

test.each(BLOCKS)('%s shows what portlog prints: %s', (path, begins) => {
  const block = blocksOf(path).find((text) => text.startsWith(begins));
  expect(block).toBeDefined();
  const missing = block!
    .trim()
    .split('\n')
    .filter((line) => !line.startsWith('$') && !/: due .*ended well/.test(line) && !printed.has(shape(line)));
  expect(missing).toEqual([]);
});

test.each(INLINE)('%s quotes what portlog prints: %s', (path, output) => {
  expect(page(path)).toContain(output);
  expect([...printed].filter((line) => line.includes(shape(output)))).not.toEqual([]);
});

test('the sum of the second run in the README is that of the example', () => {
  expect([...sums].map((line) => /read .* already \d+/.exec(line)?.[0])).toEqual([
    'read 15 = delivered 15 + already 0',
    'read 13 = delivered 0 + already 13',
  ]);
});

test('the event of the README is one of an event of portlog, shortened', () => {
  const shown: unknown = JSON.parse(/^```json\n([^]*?)^```$/m.exec(page('README.md'))?.[1] ?? '');
  const events = readFileSync(join(ROOT, 'test/fixtures/everything.expected.ndjson'), 'utf8').trim().split('\n');
  const { id } = (shown as { event: { id: string } }).event;
  expect(JSON.parse(events.find((line) => line.includes(`"id":"${id}"`))!)).toMatchObject(shown as object);
});

/** Output of a service that has gone on for hours, which other tests compare: by the page and words of it, and the words that a test has. */
const ELSEWHERE: readonly (readonly [page: string, words: string, test: string])[] = [
  ['docs/how-to/unattended.md', 'portlog run was not running (nor did 2 more, until that of', 'test/unit/schedule.test.ts'],
  ['docs/how-to/unattended.md', '2 ports opened (192.0.2.3 21/tcp, 192.0.2.4 23/tcp), 1 ', 'test/cli/service-log.test.ts'],
  ['docs/how-to/unattended.md', 'is still not available, for 15 minutes now: ', 'test/unit/outages.test.ts'],
];

test.each(ELSEWHERE)('%s shows %s…, as %s compares', (path, words, file) => {
  expect(blocksOf(path).some((text) => text.includes(words))).toBe(true);
  expect(readFileSync(join(ROOT, file), 'utf8')).toContain(words);
});

/** First words of blocks that are commands or files, and are tried elsewhere or cannot be. */
const NO_OUTPUT = /^(?:sudo |sha256sum |gpg |portlog |install |npm |podman |groupadd |useradd |global\(|<134>1 )/;

test('no page shows output that is not compared', () => {
  const others = pages()
    .filter((path) => !/decisions|CHANGELOG|CONTRIBUTING/.test(path))
    .flatMap((path) => blocksOf(path).map((text) => [path, text.split('\n')[0] ?? '', text] as const))
    .filter(([path, , text]) => !ELSEWHERE.some(([known, words]) => known === path && text.includes(words)))
    .filter(([path, first]) => !NO_OUTPUT.test(first) && !BLOCKS.some(([known, begins]) => known === path && first.startsWith(begins)))
    // Drawings.
    .filter(([, first]) => !/[─►┌]/.test(first));
  expect(others).toEqual([]);
});

/** The blocks of a page without a language. */
function blocksOf(path: string): readonly string[] {
  // With all the others, or the end of one would be the beginning of the next.
  return [...page(path).matchAll(/^```(\w*)\n([^]*?)^```$/gm)].flatMap(([, language, text = '']) => (language === '' ? [text] : []));
}
