import { storyTime } from './story-time.ts';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SCHEMA_VERSIONS } from '../../src/state/schema.ts';
import { Database } from '../../src/state/database.ts';
import { FileAttempts } from '../../src/state/file-attempts.ts';
import { portlog } from '../support/run-in-process.ts';
import { type Finished, freshDir } from '../support/run-portlog.ts';
import { scanOf, type Story } from '../support/story.ts';
import { freePort } from '../server/ports.ts';
import { HEADQUARTERS, STORIES } from './stories.ts';

/** The site of a rule's story, for in a server all stories stand side by side. */
export function siteOf(rule: string, kind: 'fires' | 'silent'): string {
  return `${rule}.${kind}`;
}

export const HEADQUARTERS_SITE = 'headquarters';

const EXPOSURE = `
networks:
  - { network: 192.0.2.0/24, zone: lan, criticality: medium, owner: it }
  - { network: 203.0.113.0/24, zone: dmz, criticality: high, owner: web, external: true }
  - { network: 198.51.100.0/24, zone: plant, criticality: critical, owner: production }
expected:
  - { hosts: ['zone:lan', 'zone:dmz'], ports: ['22,80,443/tcp'], reason: what the company is there for }
  - { hosts: ['zone:lan'], ports: ['139,445,631,5432,9100/tcp'], reason: files and printing and data }
  - { hosts: ['zone:plant'], ports: ['502/tcp'], reason: the machines }
  - { hosts: ['zone:lan'], ports: ['9090/tcp'], reason: a test, expires: '2024-12-31' }
`;

type Ship = (site: string, story: Story, to: readonly string[]) => Promise<void>;

/** Ships every story, four at a time. */
export async function shipStories(to: readonly string[], env: Readonly<Record<string, string>>): Promise<void> {
  const ship = shipper(env);
  const dead = ['--to', `loki=http://127.0.0.1:${await freePort()}`];
  const work = Object.entries(STORIES).flatMap(([rule, { fires, silent }]) => [
    async () => ship(siteOf(rule, 'fires'), fires, rule === 'delivery-problem' ? [...to, ...dead] : to),
    async () => ship(siteOf(rule, 'silent'), silent, to),
  ]);
  work.push(async () => ship(HEADQUARTERS_SITE, HEADQUARTERS, to));
  const workers = Array.from({ length: 4 }, async () => {
    for (let next = work.shift(); next !== undefined; next = work.shift()) await next();
  });
  await Promise.all(workers);
}

export async function shipHeadquarters(to: readonly string[], env: Readonly<Record<string, string>>): Promise<void> {
  await shipper(env)(HEADQUARTERS_SITE, HEADQUARTERS, to);
}

/** CISA's catalogue, as far as it is needed: https://www.cisa.gov/known-exploited-vulnerabilities-catalog */
const KEV = {
  catalogVersion: '2026.11.20',
  dateReleased: '2026-11-20T15:00:00Z',
  count: 1,
  vulnerabilities: [{ cveID: 'CVE-2017-0143', dateAdded: '2021-11-03', dueDate: '2022-05-03', knownRansomwareCampaignUse: 'Known' }],
};

/** One folder with what all sites share. */
function shipper(env: Readonly<Record<string, string>>): Ship {
  const folder = freshDir();
  const [exposure, intel] = [join(folder, 'exposure.yaml'), join(folder, 'intel')];
  writeFileSync(exposure, EXPOSURE);
  mkdirSync(intel);
  writeFileSync(join(intel, 'known_exploited_vulnerabilities.json'), JSON.stringify(KEV));
  return async (site, story, to) => {
    const at = join(folder, site);
    mkdirSync(at);
    const files = story.map((scan, i) => {
      const file = join(at, `scan-${i}.xml`);
      writeFileSync(file, scanOf(scan, storyTime()));
      return file;
    });
    const config = join(at, 'portlog.yaml');
    // As old as it may be: the scans of both stories are a fortnight old.
    const sites = site.startsWith('scan-overdue-reported') ? `sites: { ${site}: { maxAgeHours: ${site.endsWith('fires') ? 24 : 720} } }\n` : '';
    if (site.startsWith('file-not-shipped')) notShipped(at, site, site.endsWith('fires') ? 'reading it took 1600 MiB of memory' : undefined);
    writeFileSync(config, `exposure: ${exposure}\nintelDir: ${intel}\nchanges: { massChange: 10 }\n${sites}`);
    const args = ['--config', config, '--site', site, '--state-dir', join(at, 'state'), '--retry-for-seconds', '1', ...to, ...files];
    const { code, stderr }: Finished = await portlog(args, { env });
    const expected =
      site === siteOf('delivery-problem', 'fires') ? 5 : story.some(({ end, hosts }) => end !== undefined || hosts.length === 0) ? 1 : 0;
    if (code !== expected) throw new Error(`${site}: exit ${code}, not ${expected}: ${stderr}`);
  };
}

/** A watched directory where a file was set aside; or, without a problem, one that was being read when somebody stopped portlog. */
function notShipped(at: string, site: string, problem: string | undefined): void {
  mkdirSync(join(at, 'state'), { mode: 0o700 });
  const database = Database.open(join(at, 'state', 'portlog.db'), SCHEMA_VERSIONS);
  const attempts = new FileAttempts(database, join(at, 'scans'), { pid: process.pid, isAlive: () => true });
  const file = { name: 'large.xml', version: '1' };
  attempts.begin([file], site, Date.now());
  attempts.fail(file, problem, problem !== undefined);
  database.close();
}
