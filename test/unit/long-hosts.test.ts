import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { firings } from '../../src/alert/fires.ts';
import type { ScanItem } from '../../src/nmap/item.ts';
import type { Port } from '../../src/nmap/model.ts';
import { ScanReader } from '../../src/nmap/read.ts';
import { ecs, eventsOf, host, hosts, itemsOf, refusals, scan } from '../support/scans.ts';
import { probed, said } from '../support/script-output.ts';
import { scanOf, up } from '../support/lab-scan.ts';
import { World } from '../support/world.ts';

/* Hosts that are so long that a part of them is left out while they are read. */

const open = (id: number, service: string, scripts = ''): string =>
  `<port protocol="tcp" portid="${id}"><state state="open" reason="syn-ack"/>${service}${scripts}</port>\n`;
const withFingerprint = (id: number, length: number): string =>
  open(id, probed('https', `servicefp="SF-Port${id}-TCP:V=7.94%${'Q'.repeat(length)}"`));
const numbers = (count: number, first = 1): readonly number[] => Array.from({ length: count }, (_, i) => first + i);
const portsOf = (items: readonly ScanItem[]): readonly Port[] => hosts(items).flatMap(({ ports }) => [...ports]);
/** Ports until a host is behind the bound. */
const FILLING = numbers(900)
  .map((id) => withFingerprint(id, 20_000))
  .join('');

describe('a host of 83 MiB', () => {
  const ports = numbers(65_535).map((id) => (id === 60_023 ? open(id, probed('telnet', 'product="x"')) : withFingerprint(id, 1200)));
  const text = scan(host('192.0.2.2', `<ports>${ports.join('')}</ports>`) + host('192.0.2.9', `<ports>${open(22, probed('ssh'))}</ports>`));

  test('is read, with all of its ports, states and services; so is what stands behind it', () => {
    const items = itemsOf(text, 1 << 16);
    expect([refusals(items), hosts(items).map(({ addresses }) => addresses[0]?.addr)]).toEqual([[], ['192.0.2.2', '192.0.2.9']]);
    const [long, small] = hosts(items);
    let [count, last] = [0, undefined as Port | undefined];
    const telnet: Port[] = [];
    for (const port of long!.ports) {
      count++;
      last = port;
      if (port.service?.name === 'telnet') telnet.push(port);
    }
    expect([count, last?.number, last?.state?.state, last?.service?.name, last?.service?.servicefp?.length]).toEqual([
      65_535,
      65_535,
      'open',
      'https',
      80,
    ]);
    expect(telnet.map(({ number, service }) => [number, service?.product])).toEqual([[60_023, 'x']]);
    expect(long!.malformed).toEqual(['host: more than 16 MiB, scripts and the ends of long words about services are left out behind that']);
    expect([small!.malformed, small!.isShortened]).toEqual([[], undefined]);
  });
});

test('the first host of a scan may be longer than the noise in front of a scan', () => {
  const long = `<ports>${numbers(9000)
    .map((id) => open(id, probed('https'), said('ssl-cert', 'x'.repeat(10_000))))
    .join('')}</ports>`;
  const text = Buffer.from(scan(host('192.0.2.2', long)));
  const reader = new ScanReader();
  const items: ScanItem[] = [];
  for (let at = 0; at < text.length; at += 1 << 18) {
    items.push(...reader.push(text.subarray(at, at + (1 << 18))));
    expect(reader.isTooLongWithoutRun).toBe(false);
  }
  items.push(...reader.end());
  expect(portsOf(items)).toHaveLength(9000);
});

test('the same is read, however large the pieces are in which it arrives', () => {
  const odd = numbers(300, 20_000).map((id) =>
    open(
      id,
      `<service name="x" product="${'é&quot;'.repeat(id % 40)}" version='${'&#128512;'.repeat(id % 20)}"' extrainfo="${'😀a'.repeat(id % 90)}" method="probed" conf="10"><cpe>cpe:/a:x</cpe></service>`,
      said('a', 'é'.repeat(id % 50), `<elem key="k">${'x'.repeat(id % 70)}</elem>`) + `<script id="b" output="/"/>`,
    ),
  );
  const text = Buffer.from(scan(host('192.0.2.2', `<ports>${FILLING}${odd.join('')}</ports><os><osmatch name="Linux" accuracy="90"/></os>`)));
  const results = [997, 65_536, 3_000_001, Number.POSITIVE_INFINITY].map((size) => {
    const items = itemsOf(text, size);
    const [long] = hosts(items);
    const rest = [...long!.ports]
      .slice(-3)
      .map(({ number, service, scripts }) => [number, service?.product, service?.extrainfo, service?.cpes, scripts.length]);
    return [refusals(items), createHash('sha256').update(long!.source).digest('hex'), rest, long!.os?.matches[0]?.name, long!.isShortened];
  });
  expect(results[0]?.slice(3)).toEqual(['Linux', true]);
  for (const result of results) expect(result).toEqual(results[0]);
});

test('a text that is cut ends with a whole character', () => {
  const lengths = numbers(12, 70);
  const service = (before: number, character: string): string =>
    `<service name="x" method="probed" conf="10" product="${'a'.repeat(before)}${character.repeat(9)}"/>`;
  const cut = lengths.map((before) => open(30_000 + before, service(before, '&quot;')) + open(40_000 + before, service(before, '😀')));
  const items = itemsOf(scan(host('192.0.2.2', `<ports>${FILLING}${cut.join('')}</ports>`)));
  expect(refusals(items)).toEqual([]);
  const products = new Map(portsOf(items).map(({ number, service: found }) => [number, found?.product ?? '']));
  for (const before of lengths) {
    const kept = 'a'.repeat(Math.min(80, before));
    expect(products.get(30_000 + before)).toMatch(new RegExp(`^${kept}"{0,2}$`));
    expect(products.get(40_000 + before)).toMatch(new RegExp(`^${kept}(?:😀){0,5}$`));
  }
});

test('an element that cannot be read behind it has its true position', () => {
  const scripts = numbers(50).map((i) => said(`s${i}`, `é😀${'ü'.repeat(500)}`));
  const text = scan(
    host('192.0.2.2', `<ports>${FILLING}${open(30_000, probed('http'), scripts.join('\n'))}</ports>`) + host('192.0.2.3', '<wrong></wong>'),
  );
  const [refusal] = refusals(itemsOf(text, 65_536));
  expect([refusal?.address, refusal?.offset]).toEqual([
    '192.0.2.3',
    Buffer.byteLength(text.slice(0, text.indexOf('<host', text.indexOf('</host>')))),
  ]);
});

test('its scripts are left out; a weakness that one of them has found before is not resolved, and others are found', async () => {
  const anonymous = said('ftp-anon', 'Anonymous FTP login allowed (FTP code 230)');
  const ftp = `<port protocol="tcp" portid="30000"><state state="open" reason="syn-ack"/>${probed('ftp')}SCRIPT</port>`;
  const telnet = open(30_001, probed('telnet'));
  const args = { args: 'nmap -sV -sC -p- 192.0.2.0/29', services: '1-65535' };
  const world = new World();
  await world.ship(
    scanOf({ day: 0, ...args, inside: up(2, FILLING.slice(0, 100_000).replace(/<port [^\n]*$/, '') + ftp.replace('SCRIPT', anonymous)) }),
  );
  await world.ship(scanOf({ day: 1, ...args, inside: up(2, FILLING + ftp.replace('SCRIPT', anonymous) + telnet) }));
  const told = world.changes().filter(({ action }) => action.startsWith('finding-'));
  expect(told.filter(({ action }) => action === 'finding-resolved')).toEqual([]);
  expect(told.map(({ message }) => message)).toContain('192.0.2.2 30001/tcp Telnet is reachable [high]');
});

test('a scan with a host that cannot be read raises an alert, and one without does not', () => {
  const broken = host('192.0.2.3', '<wrong></wong>');
  const rules = (text: string): readonly string[] => firings(ecs(eventsOf(text).at(-1)!), Date.now()).map(({ rule }) => rule.id);
  expect(rules(scan(host('192.0.2.2') + broken))).toEqual(['scan-failed']);
  expect(rules(scan(host('192.0.2.2')))).toEqual([]);
  expect(rules(scan('<output>x</wrong></output>' + host('192.0.2.2')))).toEqual([]);
});
