import { describe, expect, test } from 'vitest';
import { KnownHosts } from '../../src/state/known-hosts.ts';
import { stateFile } from '../../src/state/store.ts';
import { Finder } from '../../src/finding/finder.ts';
import { RULES } from '../../src/finding/registry.ts';
import { seenFindings } from '../../src/finding/seen.ts';
import { Database } from '../../src/state/database.ts';
import { SCHEMA_VERSIONS } from '../../src/state/schema.ts';
import { eventsOf, ecs, host, hosts, itemsOf, scan } from '../support/scans.ts';
import { certificate, port, probed, said, vulners } from '../support/script-output.ts';
import { asked, scanOf, type StoryHost } from '../support/story.ts';
import { World } from '../support/world.ts';
import { NOW } from '../support/found.ts';

test('the end of a run carries how many, by level', () => {
  const end = eventsOf(scan(host('192.0.2.7', `<ports>${port(23, probed('telnet'))}${port(21, probed('ftp'))}</ports>`))).at(-1);
  expect(ecs(end!).nmap.scan.findings).toEqual({ critical: 0, high: 1, medium: 0, low: 1, info: 0 });
});

test('the inventory has the most severe of what was reported', async () => {
  const world = new World();
  await world.ship(scan(host('192.0.2.7', `<ports>${port(23, probed('telnet'))}${port(21, probed('ftp'))}${port(9999, '')}</ports>`)));
  const records = [...world.stored.values()].filter(({ dataset }) => dataset === 'nmap.inventory').map(({ own }) => (own as any).nmap.inventory);
  expect(records.map(({ kind, findings, risk, level }) => [kind, findings, risk, level])).toEqual([
    ['host', 2, 73, 'high'],
    ['port', 1, 21, 'low'],
    ['port', 1, 73, 'high'],
    ['port', 0, 0, 'info'],
    ['finding', undefined, 73, 'high'],
    ['finding', undefined, 21, 'low'],
  ]);
});

describe('records of weaknesses', () => {
  const run = (daysAgo: number, ...hosts: readonly StoryHost[]): string =>
    scanOf({ daysAgo, hosts, options: 'nmap -v -sV -p 1-1000', targets: '192.0.2.0/24' }, NOW);
  const telnet: StoryHost = { ip: '192.0.2.7', ports: [asked(23, 'telnet'), asked(80, 'http')] };
  const sent = async (world: World, text: string): Promise<readonly unknown[]> => {
    world.stored.clear();
    await world.ship(text);
    return [...world.stored.values()].flatMap((event) => {
      const { nmap, rule, server, event: about } = ecs(event);
      if (nmap.inventory?.kind !== 'finding') return [];
      expect([about.severity, nmap.inventory.risk]).toEqual([73, 73]);
      return [[event.message, rule.name, nmap.finding.level, nmap.finding.remedy, server.port, nmap.inventory.state, nmap.inventory.host_state]];
    });
  };
  const REMEDY = RULES.find(({ id }) => id === 'nmap-service-telnet')!.remedy;
  const OPEN = ['192.0.2.7 23/tcp Telnet is reachable [high]', 'Telnet', 'high', REMEDY, 23, 'open', 'up'];

  test('come with what is to be done, once; and say when it is resolved, or its host is gone', async () => {
    const world = new World();
    expect(await sent(world, run(9, telnet))).toEqual([OPEN]);
    expect(await sent(world, run(8, telnet))).toEqual([]);
    expect(await sent(world, run(7, { ip: '192.0.2.7', down: true }))).toEqual([[...OPEN.slice(0, -1), 'down']]);
    expect(await sent(world, run(6, telnet))).toEqual([OPEN]);
    expect(await sent(world, run(5, { ...telnet, ports: [asked(80, 'http')] }))).toEqual([
      ['192.0.2.7 23/tcp resolved: Telnet is reachable [high]', 'Telnet', 'high', REMEDY, 23, 'resolved', 'up'],
    ]);
  });

  test('of an earlier portlog, which sent none, are sent with the next scan', async () => {
    const world = new World();
    await sent(world, run(9, telnet));
    const database = Database.open(stateFile(world.stateDir), SCHEMA_VERSIONS);
    const hosts = new KnownHosts(database, 'default');
    const { recordedFindings: _, ...older } = hosts.get('192.0.2.7')!;
    hosts.put(older, 1);
    database.close();
    expect(await sent(world, run(8, telnet))).toEqual([OPEN]);
    expect(await sent(world, run(7, telnet))).toEqual([]);
  });
});

test('the inventory says of which weaknesses an exploit is known, once', async () => {
  const world = new World();
  const exploits = async (exploit: boolean, day: number): Promise<readonly unknown[]> => {
    world.stored.clear();
    const table = `<table key="cpe:/a:x"><table><elem key="id">CVE-2026-1</elem><elem key="cvss">9.8</elem><elem key="is_exploit">${exploit}</elem></table></table>`;
    const web = port(80, probed('http'), `<script id="vulners" output="x">${table}</script>`);
    const opened = port(23, probed('telnet'));
    await world.ship(
      scan(host('192.0.2.7', `<ports>${web}${opened}</ports>`), 'scanner="nmap" args="nmap -sV --script vulners 192.0.2.7"').replaceAll(
        '"17600000',
        `"1760${day}000`,
      ),
    );
    return [...world.stored.values()].flatMap((event) => {
      const { nmap, rule } = ecs(event);
      return nmap.inventory?.kind === 'finding' ? [[rule.id, nmap.finding.exploit]] : [];
    });
  };
  const before = await exploits(true, 1);
  expect(before).toContainEqual(['nmap-version-vulnerable', true]);
  expect(before).toContainEqual(['nmap-service-telnet', undefined]);
  expect(await exploits(true, 2)).toEqual([]);
});

describe('opened and resolved', () => {
  const DAY = 86_400;
  const START = 1_760_000_000;
  const night = (day: number, ports: string, args = 'nmap -sV -sC --script ftp-anon -p 21,23,443 192.0.2.0/29'): string =>
    `<nmaprun scanner="nmap" args="${args}" start="${START + day * DAY}"><scaninfo type="syn" protocol="tcp" numservices="3" services="21,23,443"/>` +
    `<host starttime="${START + day * DAY}" endtime="${START + day * DAY}"><status state="up" reason="syn-ack"/><address addr="192.0.2.1" addrtype="ipv4"/><ports><extraports state="closed" count="2"/>${ports}</ports></host>` +
    `<runstats><finished time="${START + day * DAY + 60}" elapsed="1" exit="success"/><hosts up="1" down="0" total="1"/></runstats></nmaprun>`;
  const anonymous = port(21, probed('ftp'), said('ftp-anon', 'Anonymous FTP login allowed (FTP code 230)'));
  const FTP = '192.0.2.1 21/tcp FTP is reachable [low]';

  test('as services and their faults come and go', async () => {
    const world = new World();
    expect(await world.ship(night(0, ''))).toEqual(['1 host seen for the first time, with nothing earlier to compare: taken as the baseline']);
    expect(await world.ship(night(1, anonymous))).toEqual([
      '192.0.2.1 21/tcp opened (ftp), closed for 1 day',
      '192.0.2.1 21/tcp anonymous FTP is allowed [high]',
      FTP,
    ]);
    expect(await world.ship(night(2, anonymous))).toEqual([]);
    // The script did not run, and the next night failed: nobody has looked.
    expect(await world.ship(night(3, port(21, probed('ftp')), 'nmap -sV -p 21,23,443 192.0.2.0/29'))).toEqual([]);
    expect(await world.ship(night(4, port(21, probed('ftp'), said('ftp-anon', 'ERROR: Script execution failed (use -d to debug)'))))).toEqual([]);
    expect(await world.ship(night(5, port(21, probed('ftp'))))).toEqual(['192.0.2.1 21/tcp resolved: anonymous FTP is allowed, known for 4 days']);
    expect(await world.ship(night(6, anonymous))).toEqual(['192.0.2.1 21/tcp anonymous FTP is allowed [high]']);
    expect(await world.ship(night(7, ''))).toEqual([
      '192.0.2.1 21/tcp closed (was ftp, open for 6 days)',
      '192.0.2.1 21/tcp resolved: anonymous FTP is allowed, known for 1 day',
      '192.0.2.1 21/tcp resolved: FTP is reachable, known for 6 days',
    ]);
    const opened = world.changes().find(({ action, message }) => action === 'finding-opened' && message.includes('anonymous'));
    expect(opened).toMatchObject({
      severity: 73,
      own: { rule: { id: 'nmap-access-ftp-anon' }, nmap: { finding: { source: 'ftp-anon', level: 'high' }, change: { after: { state: 'open' } } } },
    });
    expect(opened?.own).toMatchObject({
      service: { type: 'ftp' },
      rule: { description: 'Everyone can read what lies there, and often write.', reference: 'https://nmap.org/nsedoc/scripts/ftp-anon.html' },
      nmap: { finding: { confidence: 'checked', remedy: 'Switch anonymous access off, or serve public files over HTTPS.' } },
    });
    expect((opened?.own as any).nmap.entity.id).toMatch(/\.tcp\.21\.nmap-access-ftp-anon$/);
  });

  test('the scripts of -sC and of categories look for what they look for, and for nothing else', async () => {
    const redis = port(21, probed('redis'), said('redis-info', '&#xa;  Version: 7.0.15'));
    const plain = port(21, probed('redis'));
    const asks = (scripts: string): string => `nmap -sV ${scripts} -p 21,23,443 192.0.2.0/29`;
    const world = new World();
    await world.ship(night(0, redis, asks('-sC --script redis-info')));
    // Neither is among the default scripts.
    for (const scripts of ['-sC', '-A', '--script default,vuln']) expect(await world.ship(night(1, plain, asks(scripts)))).toEqual([]);
    expect(await world.ship(night(2, plain, asks('--script safe')))).toEqual([
      '192.0.2.1 21/tcp resolved: Redis answers without a password, known for 2 days',
    ]);
  });

  test('a baseline includes what is low, and nothing that is high', async () => {
    expect(await new World().ship(night(0, anonymous + port(23, probed('telnet'))))).toEqual([
      '192.0.2.1 21/tcp anonymous FTP is allowed [high]',
      '192.0.2.1 23/tcp Telnet is reachable [high]',
      '1 host, 2 open ports and 1 finding seen for the first time, with nothing earlier to compare: taken as the baseline, except for 2 findings reported individually',
    ]);
  });

  test('a script that is new is not a fault that is new', async () => {
    const world = new World();
    const selfSigned = port(443, probed('http', 'tunnel="ssl"'), certificate({ issuer: 'www.example.net' }));
    await world.ship(night(0, port(443, probed('http', 'tunnel="ssl"')), 'nmap -sV -p 21,23,443 192.0.2.0/29'));
    expect(await world.ship(night(1, selfSigned))).toEqual([
      '1 finding seen for the first time, with nothing earlier to compare: taken as the baseline',
    ]);
    await world.ship(night(2, port(443, probed('http', 'tunnel="ssl"'), certificate())));
    expect(await world.ship(night(3, selfSigned))).toEqual(['192.0.2.1 443/tcp the certificate is self-signed (CN=www.example.net) [low]']);
  });

  test('a guess is not reported; it is reported when the service was probed, and resolved when something else answers', async () => {
    const guess = port(23, '<service name="telnet" method="table" conf="3"/>');
    const plain = 'nmap -p 21,23,443 192.0.2.0/29';
    const told = [{}, { guesses: 'alert' }].map((findings) => new World({ findings } as object));
    const [usual, eager] = told as [World, World];
    const opened = '192.0.2.1 23/tcp opened (telnet), closed for 1 day';
    for (const world of told) await world.ship(night(0, '', plain));
    expect(await usual.ship(night(1, guess, plain))).toEqual([opened]);
    expect(await eager.ship(night(1, guess, plain))).toEqual([
      opened,
      '192.0.2.1 23/tcp Telnet may be reachable, a guess from the number of the port [high]',
    ]);
    for (const world of told) expect(await world.ship(night(2, guess, plain))).toEqual([]);
    expect(await eager.ship(night(3, port(23, probed('http'))))).toEqual([
      '192.0.2.1 23/tcp resolved: Telnet may be reachable, a guess from the number of the port, known for 2 days',
    ]);
    expect(await usual.ship(night(3, port(23, probed('telnet'))))).toEqual(['192.0.2.1 23/tcp Telnet is reachable [high]']);
    // Not asked again: it stands as it was told.
    expect(await usual.ship(night(4, guess, plain))).toEqual([]);
    expect(await usual.ship(night(5, port(23, probed('http'))))).toContain('192.0.2.1 23/tcp resolved: Telnet is reachable, known for 2 days');
    // Silent, it does not come back.
    expect(await usual.ship(night(6, guess, plain))).toEqual([]);
  });

  test('a scan that does not ask does not resolve what was asked', async () => {
    const world = new World();
    const args = 'nmap -sV -p 2323 192.0.2.0/29';
    expect(await world.ship(night(0, port(2323, probed('telnet')), args))).toContain('192.0.2.1 2323/tcp Telnet is reachable [high]');
    expect(await world.ship(night(1, port(2323, '<service name="3d-nfsd" method="table" conf="3"/>'), 'nmap -p 2323 192.0.2.0/29'))).toEqual([]);
  });

  test('turning on version detection does not report every service as new', async () => {
    const world = new World();
    const named = port(21, '<service name="ftp" method="table" conf="3"/>');
    await world.ship(night(0, named, 'nmap -p 21,23,443 192.0.2.0/29'));
    expect(await world.ship(night(1, port(21, probed('ftp'))))).toEqual([
      '1 finding seen for the first time, with nothing earlier to compare: taken as the baseline',
    ]);
  });

  test('a vulnerability inferred from the version is not reported', () => {
    const [one] = hosts(itemsOf(night(0, port(22, probed('ssh'), vulners(['CVE-2018-15919', '5.0', 'false'])))));
    expect(seenFindings(new Finder(), { run: { args: 'nmap' }, host: one!, time: NOW }).findings.map(({ alerts }) => alerts)).toEqual([false]);
  });
});

describe('a rule that comes with a new version, or with the configuration', () => {
  const rsync = { ip: '192.0.2.7', ports: [asked(873, 'rsync')] };
  const telnet = { ip: '192.0.2.7', ports: [asked(23, 'telnet')] };
  const run = (daysAgo: number, one: StoryHost): string =>
    scanOf({ daysAgo, hosts: [one], options: 'nmap -v -sV -p 1-1000', targets: '192.0.2.0/24' }, NOW);
  const opened = (world: World): readonly string[] =>
    world.changes().flatMap(({ action, message }) => (action === 'finding-opened' ? [message] : []));
  /** Before the rules were there. */
  const before = { findings: { rules: new Map(['nmap-service-rsync', 'nmap-service-telnet'].map((id) => [id, { silence: true }])) } };

  test('does not report what was there before, except for severe findings', async () => {
    const world = new World();
    await world.run([run(9, rsync), run(8, { ...telnet, ip: '192.0.2.8' })], before);
    await world.run([run(7, rsync), run(6, { ...telnet, ip: '192.0.2.8' })]);
    expect(opened(world)).toEqual(['192.0.2.8 23/tcp Telnet is reachable [high]']);
    expect(world.changes().findLast(({ action }) => action === 'baseline')?.message).toMatch(/^1 finding seen for the first time/);
  });

  test('reports what changed meanwhile', async () => {
    const world = new World();
    await world.run([run(9, { ...rsync, ports: [asked(873, 'http')] })], before);
    await world.run([run(8, rsync)]);
    expect(opened(world)).toEqual(['192.0.2.7 873/tcp rsync is reachable [medium]']);
  });
});
