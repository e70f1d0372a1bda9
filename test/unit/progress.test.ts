import { describe, expect, test } from 'vitest';
import type { ScanItem } from '../../src/nmap/item.ts';
import { eventsOf, host, hosts, itemsOf, port, refusals, scan } from '../support/scans.ts';

describe('progress that nmap wrote into something else', () => {
  const PROGRESS = '<taskprogress task="Connect Scan" time="1760000020" percent="94.02" remaining="4" etc="1760000024"/>\n';
  const script = '<script id="ssh-hostkey" output="a&#xa;b"><table key="k"><elem key="type">ssh &amp; rsa</elem><elem></elem></table></script>';
  const first = host(
    '192.0.2.7',
    `<!-- x --><hostnames><hostname name="a.example" type="PTR"/></hostnames>${port(443, 'open', script)}<times srtt="1" rttvar="2" to="3"/>`,
  );
  const SCAN = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE nmaprun>
<?xml-stylesheet href="nmap.xsl" type="text/xsl"?>
<!-- Nmap 7.93 scan initiated -->
<nmaprun scanner="nmap" args="nmap -v -p 443 192.0.2.7-8" start="1760000000" version="7.93">
<scaninfo type="syn" protocol="tcp" numservices="1" services="443"/>
<verbose level="1"/><debugging level="0"/>
<taskbegin task="Ping Scan" time="1760000001"/>
<hosthint><status state="up"/><address addr="192.0.2.7" addrtype="ipv4"/></hosthint>
<prescript>${script}</prescript>
<target specification="x" status="skipped" reason="invalid"/>
${first}${host('192.0.2.8', port(443, 'closed'))}
<runstats><finished time="1760000060" elapsed="60.00" exit="success"/><hosts up="2" down="0" total="2"/></runstats></nmaprun>
`;

  /** All but what is said of it. */
  function facts(items: readonly ScanItem[]): unknown {
    const told = items.filter(({ kind }) => kind !== 'task' && kind !== 'mended');
    return JSON.parse(JSON.stringify(told, (key, value) => (key === 'malformed' || key === 'offset' ? undefined : value)));
  }

  function said(items: readonly ScanItem[]): readonly string[] {
    const notes = hosts(items).flatMap(({ malformed }) => malformed);
    return [...notes, ...items.flatMap((item) => (item.kind === 'mended' ? [`${item.mended.element}: ${item.mended.count}`] : []))];
  }

  test.for([PROGRESS, PROGRESS + PROGRESS.replace('progress', 'end').replace('\n', '\r\n')])(
    'at every byte of a document: what it says is read, and the element says it',
    (foreign) => {
      const clean = itemsOf(SCAN);
      const [from, to] = [SCAN.indexOf('<nmaprun') + 1, SCAN.indexOf('</nmaprun>')];
      for (let at = 0; at <= SCAN.length; at++) {
        const items = itemsOf(SCAN.slice(0, at) + foreign + SCAN.slice(at));
        const isOutside = refusals(items).every(({ element, reason }) => element.startsWith('task') && reason.includes('outside'));
        expect(facts(items.filter(({ kind }) => kind !== 'refused')), SCAN.slice(0, at)).toEqual(facts(clean));
        expect(isOutside, SCAN.slice(0, at)).toBe(true);
        const isBetween = /[\s>]$/.test(SCAN.slice(0, at)) && depthAt(at) <= 1 && SCAN.slice(at).trimStart().startsWith('<');
        if (at >= from && at < to && !isBetween) expect(said(items), SCAN.slice(0, at)).toHaveLength(1);
      }
    },
  );

  /** How many elements are open there. */
  function depthAt(at: number): number {
    let depth = 0;
    for (const [tag] of SCAN.slice(SCAN.indexOf('<nmaprun'), at).matchAll(/<\/?[a-z][^<>]*(?:>|$)/g))
      depth += tag.startsWith('</') ? -1 : tag.endsWith('/>') ? 0 : 1;
    return depth;
  }

  test('in pieces of any size, and where it interrupts itself', () => {
    const at = SCAN.indexOf('portid="4') + 9;
    const nested = `<taskprogress task="${PROGRESS}"/>\n`;
    const text = SCAN.slice(0, at) + nested + SCAN.slice(at);
    const whole = itemsOf(text);
    expect(facts(whole)).toEqual(facts(itemsOf(SCAN)));
    expect(said(whole)).toEqual(['host: 2 taskprogress inside it, cut out']);
    for (let size = 1; size < 120; size += 7) expect(itemsOf(text, size)).toEqual(whole);
    for (const cut of [SCAN.indexOf('<host ') + 3, SCAN.indexOf('</host>') + 4, SCAN.indexOf('<runstats') + 1, SCAN.indexOf('</runstats') + 9]) {
      const broken = SCAN.slice(0, cut) + PROGRESS + SCAN.slice(cut);
      for (let size = 1; size < 120; size += 7) expect(itemsOf(broken, size), String(size)).toEqual(itemsOf(broken));
    }
  });

  test('bytes are those of the file, whatever was cut out before', () => {
    const at = SCAN.indexOf('</ports>');
    const text = `${SCAN.slice(0, at)}</po${PROGRESS}rts>${SCAN.slice(at + 8).replace('192.0.2.8"', '192.0.2.8')}`;
    const [refused] = refusals(itemsOf(text));
    expect(refused?.offset).toBe(text.lastIndexOf('<host '));
    expect(refusals(itemsOf(text, 7))).toEqual(refusals(itemsOf(text)));
  });

  test('the event of the run names the elements', () => {
    const text = SCAN.replace('<finis', `<finis${PROGRESS}`).replace('<scan', `<scan${PROGRESS}`);
    const event = eventsOf(text).at(-1);
    expect((event?.own['nmap'] as any).malformed).toEqual([
      'scaninfo: 1 taskprogress inside it, cut out',
      'runstats: 1 taskprogress inside it, cut out',
    ]);
    expect(event?.action).toBe('scan-finished');
  });

  test('is refused where nobody can tell what was meant', () => {
    for (const foreign of [PROGRESS.slice(0, 30), PROGRESS.trim(), '<x/>\n']) {
      const items = itemsOf(scan(first.replace('portid="4', `portid="4${foreign}`) + host('192.0.2.8')));
      expect(hosts(items).map(({ addresses }) => addresses[0]?.addr)).toEqual(['192.0.2.8']);
      expect(refusals(items)).toMatchObject([{ element: 'host', address: '192.0.2.7' }]);
    }
  });
});

test('scaninfo after the first progress elements counts; scaninfo after a host is reported as out of place', () => {
  const [task, info] = ['<taskbegin task="Ping Scan" time="1760000001"/>', '<scaninfo type="syn" protocol="tcp" services="80"/>'];
  const early = itemsOf(scan(task + info + host('192.0.2.1')));
  expect(early.map(({ kind }) => kind)).toEqual(['run', 'task', 'host', 'end']);
  expect(early[0]).toMatchObject({ run: { scaninfo: [{ services: '80' }] } });
  const late = itemsOf(scan(host('192.0.2.1') + info));
  expect(refusals(late)).toMatchObject([{ element: 'scaninfo', reason: 'it comes after the header of its run' }]);
});

test('a host is never lost silently, whatever happened to its tags', () => {
  for (const [tag, broken] of [
    ['<host ', '<ho st '],
    ['<host ', '<h\0st '],
    ['<host ', 'host '],
    ['<host ', '<ho<x/>st '],
    ['</host>', '</ho st>'],
    ['</host>', '</h0st>'],
    ['</host>', ''],
  ] as const) {
    const items = itemsOf(scan(host('192.0.2.7', port(443)).replace(tag, broken) + host('192.0.2.8')));
    expect(hosts(items).map(({ addresses }) => addresses[0]?.addr)).toEqual(['192.0.2.8']);
    expect(refusals(items), broken).toMatchObject([{ element: 'host', address: '192.0.2.7' }]);
  }
});
