import { describe, expect, test } from 'vitest';
import { Finder } from '../../src/finding/finder.ts';
import { seenFindings } from '../../src/finding/seen.ts';
import { port, probed, said } from '../support/script-output.ts';
import { hosts, itemsOf, scan } from '../support/scans.ts';
import { World } from '../support/world.ts';

const DAY = 86_400;
const START = 1_760_000_000;

/** A night's scan of 192.0.2.7, whose host took `seconds`. */
function night(day: number, ports: string, { args = 'nmap -v -sV -sC -p 21,9200', seconds = 30 } = {}): string {
  const at = START + day * DAY;
  return (
    `<nmaprun scanner="nmap" version="7.93" args="${args} 192.0.2.7" start="${at}"><scaninfo type="syn" protocol="tcp" numservices="2" services="21,9200"/>` +
    `<host starttime="${at}" endtime="${at + seconds}"><status state="up" reason="syn-ack"/><address addr="192.0.2.7" addrtype="ipv4"/><ports>${ports}</ports></host>` +
    `<runstats><finished time="${at + 900}" elapsed="900" exit="success"/><hosts up="1" down="0" total="1"/></runstats></nmaprun>`
  );
}

async function told(...nights: readonly string[]): Promise<readonly string[]> {
  const world = new World();
  for (const text of nights) await world.ship(text);
  return world.changes().flatMap(({ action, message }) => (action.startsWith('finding-') ? [message] : []));
}

const ANONYMOUS = said('ftp-anon', 'Anonymous FTP login allowed (FTP code 230)');
const FOUND = port(21, probed('ftp'), ANONYMOUS);
const SILENT = port(21, probed('ftp'));
const UNNAMED = '<service name="ftp" method="table" conf="3"/>';
const NEWS = expect.arrayContaining(['192.0.2.7 21/tcp anonymous FTP is allowed [high]']);
const RESOLVED = expect.stringContaining('resolved: anonymous FTP is allowed');

describe('a script that says nothing has found nothing,', () => {
  const looked = (ports: string, args: string, seconds: string, source = 'ftp-anon'): boolean =>
    seenFindings(new Finder(), {
      run: { args },
      host: hosts(
        itemsOf(scan(`<host ${seconds}><status state="up"/><address addr="192.0.2.7" addrtype="ipv4"/><ports>${ports}</ports></host>`)),
      )[0]!,
      time: 0,
    }).hasLooked('21/tcp', source);
  const took = (seconds: number): string => `starttime="100" endtime="${100 + seconds}"`;

  test.for<readonly [args: string, seconds: string, boolean]>([
    ['nmap -sC', '', true],
    ['nmap -sC --script-timeout 30s', took(10), true],
    ['nmap -sC --script-timeout 30s', took(29), false],
    ['nmap -sC --script-timeout 30s', took(30), false],
    ['nmap -sC --script-timeout=30', took(30), false],
    ['nmap -sC --script-timeout 500ms', took(0), false],
    ['nmap -sC --script-timeout 2m', took(100), true],
    ['nmap -sC --script-timeout 1h', took(3600), false],
    ['nmap -sC --script-timeout 30s', '', false],
    ['nmap -sC --script-timeout 0', took(30), true],
    ['nmap -sC -T5', took(600), false],
    ['nmap -sC -T5', took(100), true],
    ['nmap -sC -T insane', took(700), false],
    ['nmap -sC -T4', took(4000), true],
  ])('unless nmap may have stopped it: %s, %s: %s', ([args, seconds, expected]) => {
    expect(looked(SILENT, args, seconds)).toBe(expected);
  });

  test('unless version detection was not answered either, nor any script', () => {
    const [args, seconds] = ['nmap -sV -sC', took(10)];
    expect(looked(SILENT, args, seconds)).toBe(true);
    expect(looked(port(21, UNNAMED), args, seconds)).toBe(false);
    expect(looked(port(21, probed('tcpwrapped')), args, seconds)).toBe(false);
    expect(looked(port(21, UNNAMED, said('banner', 'hello')), args, seconds)).toBe(true);
    expect(looked(port(21, UNNAMED), 'nmap -sC', seconds)).toBe(true);
  });

  test('unless it looks up a version, and there is none', () => {
    const vsftpd = (version: string): boolean =>
      looked(port(21, probed('ftp', `product="vsftpd" ${version}`)), 'nmap -sV --script vulners', took(10), 'vulners');
    expect([vsftpd('version="3.0.5"'), vsftpd('')]).toEqual([true, false]);
  });
});

test('a weakness is not resolved by a scan that saw less, and is by the next that did not', async () => {
  const lines = await told(night(0, SILENT), night(1, FOUND), night(2, port(21, UNNAMED)), night(3, FOUND), night(4, SILENT));
  expect(lines).toEqual(NEWS);
  expect(lines).toHaveLength(2);
  expect(lines[1]).toEqual(RESOLVED);
});

test('a product that was not recognised this time is still there', async () => {
  const product = port(9200, probed('http', 'product="Elasticsearch REST API"'));
  const less = port(9200, probed('http'));
  const other = port(9200, probed('http', 'product="nginx"'));
  expect(await told(night(0, product), night(1, less), night(2, product))).toEqual([]);
  expect(await told(night(0, product), night(1, less), night(2, other))).toEqual([expect.stringContaining('resolved: Elasticsearch is reachable')]);
});
