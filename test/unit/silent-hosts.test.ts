import { describe, expect, test } from 'vitest';
import { asked } from '../support/story.ts';
import { type KnownHost, presenceOf } from '../../src/state/known-host.ts';
import { ecs, eventsOf } from '../support/scans.ts';
import { World } from '../support/world.ts';

/* With -Pn nmap takes every host as up: where nothing answers, it may be down. */

const START = 1_760_000_000;
const SSH = asked(22, 'ssh', 'OpenSSH', '9.6');
const FTP = asked(21, 'ftp', 'vsftpd', '3.0.3', '<script id="ftp-anon" output="Anonymous FTP login allowed (FTP code 230)"/>');
const closed = (port: number): string => `<port protocol="tcp" portid="${port}"><state state="closed" reason="reset"/></port>`;
const filtered = (...ports: readonly number[]): string =>
  ports.map((port) => `<port protocol="tcp" portid="${port}"><state state="filtered" reason="no-response"/></port>`).join('');

/** A night's scan of 192.0.2.7. */
function night(day: number, ports: string, { services = '21,22', reason = 'user-set', state = 'up' } = {}): string {
  const at = START + day * 86_400;
  return (
    `<nmaprun scanner="nmap" version="7.93" args="nmap -v ${reason === 'user-set' ? '-Pn ' : ''}-sV -sC -p ${services} 192.0.2.7" start="${at}">` +
    `<scaninfo type="syn" protocol="tcp" numservices="2" services="${services}"/>` +
    `<host starttime="${at}" endtime="${at + 9}"><status state="${state}" reason="${reason}"/><address addr="192.0.2.7" addrtype="ipv4"/><ports>${ports}</ports></host>` +
    `<runstats><finished time="${at + 10}" elapsed="10" exit="success"/><hosts up="1" down="0" total="1"/></runstats></nmaprun>`
  );
}

const BOTH = night(0, FTP + SSH);
const silent = (day: number): string => night(day, filtered(21, 22));
const MISSING =
  '192.0.2.7 does not answer any more (-Pn: down, or filtered), was up for 1 day, with 21/tcp ftp vsftpd 3.0.3, 22/tcp ssh OpenSSH 9.6 open';

async function told(...nights: readonly string[]): Promise<readonly string[]> {
  const world = new World();
  const all: string[] = [];
  for (const text of nights.slice(0, 1)) await world.ship(text);
  for (const text of nights.slice(1)) all.push(...(await world.ship(text)));
  return all;
}

describe('a host of which nothing answers any more', () => {
  test('is missing, once; its ports are not closed and its findings not resolved', async () => {
    expect(await told(BOTH, silent(1), silent(2))).toEqual([MISSING]);
  });

  test('is back when it answers again, and as before', async () => {
    expect(await told(BOTH, silent(1), night(2, FTP + SSH))).toEqual([MISSING, '192.0.2.7 answers again, last seen 2 days ago']);
  });

  test('is back with what has changed meanwhile', async () => {
    expect(await told(BOTH, silent(1), night(2, closed(21) + asked(22, 'ssh', 'OpenSSH', '9.9')))).toEqual([
      MISSING,
      '192.0.2.7 answers again, last seen 2 days ago',
      expect.stringMatching(/^192\.0\.2\.7 21\/tcp closed \(was ftp vsftpd 3\.0\.3, open for /),
      '192.0.2.7 22/tcp changed from ssh OpenSSH 9.6 to ssh OpenSSH 9.9',
      '192.0.2.7 21/tcp resolved: anonymous FTP is allowed, known for 2 days',
      '192.0.2.7 21/tcp resolved: FTP is reachable, known for 2 days',
    ]);
  });

  test('may be up when another port is known to be open, which was not tested', async () => {
    expect(await told(BOTH, night(1, filtered(22), { services: '22' }))).toEqual([
      '192.0.2.7 22/tcp is no longer open: filtered (was ssh OpenSSH 9.6, open for 1 day)',
    ]);
  });

  test('is reported once if it was down already', async () => {
    const down = night(1, '', { reason: 'no-response', state: 'down' });
    expect(await told(BOTH, down, silent(2), night(3, FTP + SSH))).toEqual([
      '192.0.2.7 is down, was up for 1 day',
      '192.0.2.7 is back, last seen 3 days ago',
    ]);
  });

  test('has closed ports when it is up for another reason', async () => {
    expect(await told(BOTH, night(1, filtered(21, 22), { reason: 'echo-reply' }))).toEqual(
      expect.arrayContaining([expect.stringContaining('21/tcp is no longer open'), expect.stringContaining('22/tcp is no longer open')]),
    );
  });

  test('is down as far as is known, and up when it is back', async () => {
    const world = new World();
    const states: (string | undefined)[] = [];
    for (const text of [BOTH, silent(1), night(2, FTP + SSH)]) {
      await world.ship(text);
      states.push(...(world.known() as readonly KnownHost[]).map((host) => presenceOf(host, 1)));
    }
    expect(states).toEqual(['yes', 'no', 'yes']);
  });

  test('is known the same in any order', async () => {
    const nights = [BOTH, silent(1), night(2, closed(21) + SSH)];
    const known = async (order: readonly number[]): Promise<unknown> => {
      const world = new World();
      for (const i of order) await world.ship(nights[i] ?? '');
      return world.known();
    };
    const inOrder = await known([0, 1, 2]);
    for (const order of [
      [2, 1, 0],
      [1, 0, 2],
      [1, 2, 0],
    ])
      expect(await known(order)).toEqual(inOrder);
  });
});

test('an address that never answered is neither up nor missing, and a port that opens there is reported', async () => {
  expect(await told(silent(0), silent(1), night(2, SSH + filtered(21)))).toEqual([
    '192.0.2.7 is new, with 22/tcp ssh OpenSSH 9.6 open',
    '192.0.2.7 22/tcp opened (ssh OpenSSH 9.6), filtered for 2 days',
  ]);
});

test('events do not say that a host is up of which nothing answered', () => {
  const [host, end] = ['nmap.host', 'nmap.scan'].map((dataset) => ecs(eventsOf(silent(0)).find((event) => event.dataset === dataset)!));
  expect(host.message).toBe('192.0.2.7 no answer (-Pn): 2 filtered');
  expect(host.nmap.host).toMatchObject({ state: 'up', reason: 'user-set' });
  expect(end.message).toBe('nmap 7.93 scan finished: 1 host (0 up, 1 without an answer), 0 open ports in 10 s');
  expect(end.nmap.scan.hosts).toMatchObject({ total: 1, up: 0, unanswered: 1, down: 0 });
});
