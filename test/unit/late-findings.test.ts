import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { port, probed, said } from '../support/script-output.ts';
import { runs } from '../support/seed.ts';
import { World } from '../support/world.ts';

const DAY = 86_400;
const START = 1_760_000_000;
const LOOKS = 'nmap -v -sV -sC --script ftp-anon -p 21 192.0.2.0/29';
const ANONYMOUS = port(21, probed('ftp'), said('ftp-anon', 'Anonymous FTP login allowed (FTP code 230)'));
const UP = '<status state="up" reason="syn-ack"/>';

/** What a scan of one host saw: with anonymous FTP, without it, without having looked, with the port closed, with the host down. */
const SEEN = {
  found: [LOOKS, `${UP}ADDRESS<ports>${ANONYMOUS}</ports>`, 21],
  clean: [LOOKS, `${UP}ADDRESS<ports>${port(21, probed('ftp'))}</ports>`, 21],
  plain: ['nmap -v -p 21 192.0.2.0/29', `${UP}ADDRESS<ports>${port(21, '<service name="ftp" method="table" conf="3"/>')}</ports>`, 21],
  closed: ['nmap -v -p 21 192.0.2.0/29', `${UP}ADDRESS<ports><extraports state="closed" count="1"/></ports>`, 21],
  elsewhere: [LOOKS.replace('21', '443'), `${UP}ADDRESS<ports><extraports state="closed" count="1"/></ports>`, 443],
  down: [LOOKS, '<status state="down" reason="no-response"/>ADDRESS', 21],
} as const;
type Seen = keyof typeof SEEN;

function night(day: number, seen: Seen): string {
  const [args, inside, services] = SEEN[seen];
  const at = START + day * DAY;
  return (
    `<nmaprun scanner="nmap" args="${args}" start="${at}"><scaninfo type="syn" protocol="tcp" numservices="1" services="${services}"/><verbose level="1"/>` +
    `<host starttime="${at}" endtime="${at}">${inside.replace('ADDRESS', '<address addr="192.0.2.1" addrtype="ipv4"/>')}</host>` +
    `<runstats><finished time="${at + 60}" elapsed="1" exit="success"/><hosts up="1" down="0" total="1"/></runstats></nmaprun>`
  );
}

const KEY = '21/tcp nmap-access-ftp-anon';

/** Ships scans, each a run of its own, in the order of their places in time. */
async function shipped(nights: readonly Seen[], order: readonly number[], confirm = 1): Promise<World> {
  const world = new World({ changes: { confirm, mass: 100, everywhere: false } });
  for (const day of order) await world.ship(night(day, nights[day]!));
  return world;
}

function told(world: World): readonly string[] {
  return world.changes().flatMap(({ action, message }) => (message.includes('anonymous FTP') ? [action] : []));
}

function stands(world: World): boolean {
  const [host] = world.known() as readonly { readonly findings: Readonly<Record<string, string>> }[];
  return host?.findings[KEY] === 'yes';
}

test('what only an older scan has looked at is in the inventory, as of the latest scan', async () => {
  const world = await shipped(['found', 'elsewhere'], [1, 0]);
  const records = [...world.stored.values()].filter(({ dataset }) => dataset === 'nmap.inventory');
  const messages = records.map(({ message }) => message);
  expect(messages).toEqual(expect.arrayContaining(['192.0.2.1 21/tcp open ftp', '192.0.2.1 21/tcp anonymous FTP is allowed [high]']));
  expect(new Set(records.map(({ time }) => time))).toEqual(new Set([(START + DAY) * 1000]));
});

describe('a high weakness that comes late', () => {
  test('is reported when no later scan has looked for it', async () => {
    expect(told(await shipped(['found', 'plain', 'found'], [0, 1, 2]))).toEqual(['finding-opened']);
    expect(told(await shipped(['found', 'plain', 'found'], [1, 0, 2]))).toEqual(['finding-opened']);
    expect(told(await shipped(['found', 'elsewhere'], [1, 0]))).toEqual(['finding-opened']);
  });

  test('is not reported when a later one has looked and not found it, though an even later one has not looked', async () => {
    const world = await shipped(['found', 'clean', 'plain', 'found'], [1, 2, 0]);
    expect([told(world), stands(world)]).toEqual([[], false]);
    await world.ship(night(3, 'found'));
    expect(told(world)).toEqual(['finding-opened']);
  });

  test('is reported when fewer scans than confirmScans have not found it', async () => {
    expect(told(await shipped(['found', 'clean', 'found'], [1, 0, 2], 2))).toEqual(['finding-opened']);
  });

  test('is known as open, in any order, only if it was reported', async () => {
    const any = fc.array(fc.constantFrom(...(Object.keys(SEEN) as Seen[])), { minLength: 2, maxLength: 5 });
    const shuffled = any.chain((nights) =>
      fc.tuple(
        fc.constant(nights),
        fc.shuffledSubarray(
          nights.map((_, day) => day),
          { minLength: nights.length, maxLength: nights.length },
        ),
      ),
    );
    await fc.assert(
      fc.asyncProperty(shuffled, fc.constantFrom(1, 2), async ([nights, order], confirm) => {
        const world = await shipped(nights, order, confirm);
        const balance = told(world).reduce((sum, action) => sum + (action === 'finding-opened' ? 1 : -1), 0);
        if (confirm === 1) expect(balance).toBe(stands(world) ? 1 : 0);
        // What was not found once stands until it is confirmed.
        else expect([1, stands(world) ? 1 : 0]).toContain(balance);
      }),
      { numRuns: runs(100) },
    );
  });
});
