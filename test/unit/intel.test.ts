import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { DEFAULT_OPTIONS } from '../../src/event/context.ts';
import type { LogEvent } from '../../src/event/event.ts';
import { Finder } from '../../src/finding/finder.ts';
import type { Finding } from '../../src/finding/finding.ts';
import { Intel } from '../../src/finding/intel.ts';
import { subjectsOf } from '../../src/finding/registry.ts';
import { Interpreter } from '../../src/pipeline/interpreter.ts';
import { freshDir } from '../support/run-portlog.ts';
import { ecs, host, hosts, itemsOf, scan } from '../support/scans.ts';
import { port, vulners } from '../support/script-output.ts';
import { expectValidEvent } from '../support/validate.ts';
import { NOW } from '../support/found.ts';

/** gzip that unpacks to so many MiB. */
function bomb(beginning: string, mib: number): Buffer {
  const member = gzipSync(Buffer.alloc(1 << 20));
  return Buffer.concat([gzipSync(beginning), ...Array<Buffer>(mib).fill(member)]);
}

function sparse(name: string, bytes: number): string {
  const folder = freshDir();
  writeFileSync(join(folder, name), '');
  truncateSync(join(folder, name), bytes);
  return folder;
}

function withDirectory(name: string): string {
  const folder = freshDir();
  mkdirSync(join(folder, name));
  return folder;
}

function withPipe(name: string): string {
  const folder = freshDir();
  execFileSync('mkfifo', [join(folder, name)]);
  return folder;
}

function withLink(name: string): string {
  const folder = freshDir();
  symlinkSync('nowhere', join(folder, name));
  return folder;
}

describe('snapshots of what is exploited', () => {
  const KEV = JSON.stringify({
    title: 'CISA Catalog of Known Exploited Vulnerabilities',
    catalogVersion: '2026.01.30',
    dateReleased: '2026-01-30T15:00:00.0000Z',
    count: 1,
    vulnerabilities: [
      { cveID: 'CVE-2018-15919', vendorProject: 'x', dateAdded: '2021-11-03', dueDate: '2021-11-17', knownRansomwareCampaignUse: 'Known' },
    ],
  });
  const EPSS =
    '#model_version:v2025.03.14,score_date:2026-01-31T00:00:00+0000\ncve,epss,percentile\nCVE-2018-15919,0.01234,0.78901\nCVE-2016-0777,0.5,0.97\n';
  const snapshots = (files: Readonly<Record<string, string | Buffer>>): string => {
    const folder = freshDir();
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    return folder;
  };
  const whole = (): string =>
    snapshots({ 'known_exploited_vulnerabilities.json': KEV, 'epss_scores-2026-01-31.csv.gz': gzipSync(EPSS), 'epss_scores-2025-01-01.csv': 'old' });
  const [one] = hosts(
    itemsOf(
      scan(host('192.0.2.7', `<ports>${port(2222, '', vulners(['CVE-2018-15919', '5.0', 'false'], ['CVE-2016-0777', '5.0', 'false']))}</ports>`)),
    ),
  );
  const at = (intel: Intel): Finding[] => [...subjectsOf({ args: 'nmap' }, one!, NOW)].flatMap((subject) => new Finder({ intel }).at(subject));

  test('raise the severity of a finding, and report it', () => {
    expect(at(new Intel(whole())).map(({ alerts, severity, vulnerability }) => [alerts, severity, vulnerability])).toEqual([
      [
        true,
        73,
        {
          id: 'CVE-2018-15919',
          score: 5,
          exploit: true,
          references: ['https://nvd.nist.gov/vuln/detail/CVE-2018-15919'],
          knownExploited: { added: '2021-11-03', due: '2021-11-17', ransomware: true, snapshot: '2026-01-30' },
          probability: { score: 0.01234, percentile: 0.78901, snapshot: '2026-01-31' },
        },
      ],
      [
        false,
        47,
        {
          id: 'CVE-2016-0777',
          score: 5,
          exploit: false,
          references: ['https://nvd.nist.gov/vuln/detail/CVE-2016-0777'],
          knownExploited: undefined,
          probability: { score: 0.5, percentile: 0.97, snapshot: '2026-01-31' },
        },
      ],
    ]);
  });

  test('stand in the event, with their dates, and do not change its id', () => {
    const findings = (finder: Finder): readonly LogEvent[] => {
      const interpreter = new Interpreter({ ...DEFAULT_OPTIONS, now: () => NOW }, finder);
      return itemsOf(scan(host('192.0.2.7', `<ports>${port(2222, '', vulners(['CVE-2018-15919', '5.0', 'false']))}</ports>`)))
        .flatMap((item) => [...interpreter.read(item).events])
        .filter(({ dataset }) => dataset === 'nmap.finding');
    };
    const [with_, without] = [findings(new Finder({ intel: new Intel(whole()) }))[0]!, findings(new Finder())[0]!];
    expectValidEvent(with_);
    expect(ecs(with_).nmap.finding).toMatchObject({
      exploit: true,
      kev: { due_date: '2021-11-17T00:00:00.000Z', ransomware: true, snapshot: '2026-01-30T00:00:00.000Z' },
      epss: { percentile: 0.78901 },
    });
    expect(with_.id).toBe(without.id);
  });

  test('one of them is enough', () => {
    expect(at(new Intel(snapshots({ 'epss_scores-current.csv': EPSS })))[0]?.vulnerability?.knownExploited).toBeUndefined();
    expect(at(new Intel(snapshots({ 'known_exploited_vulnerabilities.json': KEV })))[0]?.alerts).toBe(true);
  });

  test('with numbers that are no probabilities do not make an event that no server takes', () => {
    for (const numbers of ['1e300,0.5', '0.5,-5e99', '1.5,0.5', '0.5,e-e', '.,-'])
      expect(new Intel(snapshots({ 'epss_scores-current.csv': `${EPSS}CVE-2021-41773,${numbers}\n` })).probability('CVE-2021-41773')).toBeUndefined();
  });

  test('that are old cause a remark', () => {
    const folder = whole();
    expect(new Intel(folder).warnings(Date.parse('2026-02-10'))).toEqual([]);
    expect(new Intel(folder).warnings(Date.parse('2026-04-01'))).toEqual([
      `${join(folder, 'known_exploited_vulnerabilities.json')} is 61 days old: what has come to be exploited since is not known`,
      `${join(folder, 'epss_scores-2026-01-31.csv.gz')} is 60 days old: what has come to be exploited since is not known`,
    ]);
  });

  const broken: readonly (readonly [what: string, folder: () => string, says: RegExp])[] = [
    ['no such directory', () => '/nowhere/at/all', /cannot be read: there is no such directory/],
    ['nothing in it', () => snapshots({}), /has neither known_exploited_vulnerabilities\.json nor epss_scores/],
    ['no JSON', () => snapshots({ 'known_exploited_vulnerabilities.json': '<html>' }), /cannot be used: it is not the catalogue in JSON/],
    ['no scores', () => snapshots({ 'epss_scores-x.csv': 'cve,epss\n' }), /cannot be used: there is no line/],
    [
      'a cut archive',
      () => snapshots({ 'epss_scores-x.csv.gz': gzipSync(EPSS).subarray(0, 40) }),
      /cannot be used: it is packed with gzip, and is damaged or cut/,
    ],
    [
      'a damaged archive',
      () => snapshots({ 'epss_scores-x.csv.gz': gzipSync(EPSS).fill(0, 12, 20) }),
      /cannot be used: it is packed with gzip, and is/,
    ],
    ['a bomb for EPSS', () => snapshots({ 'epss_scores-x.csv.gz': bomb(`${EPSS}\n`, 1024) }), /cannot be used: it is larger than 64 MiB/],
    ['a bomb for KEV', () => snapshots({ 'known_exploited_vulnerabilities.json.gz': bomb('[', 1024) }), /cannot be used: it is larger than 16 MiB/],
    ['a file that is too large', () => sparse('known_exploited_vulnerabilities.json', 1 << 30), /cannot be used: it is larger than 16 MiB/],
    ['a directory', () => withDirectory('known_exploited_vulnerabilities.json'), /cannot be used: it is a directory/],
    ['a pipe', () => withPipe('epss_scores-x.csv'), /cannot be used: it is not a file/],
    ['a link that leads nowhere', () => withLink('epss_scores-x.csv'), /cannot be used: there is no such file/],
  ];
  test('may begin with a byte order mark', () => {
    expect(new Intel(snapshots({ 'known_exploited_vulnerabilities.json': `\uFEFF${KEV}` })).knownExploited('CVE-2018-15919')?.due).toBe('2021-11-17');
  });

  test.for(broken)('%s: a sentence', ([, folder, says]) => {
    expect(() => new Intel(folder()).warnings(NOW)).toThrow(says);
  });
});
