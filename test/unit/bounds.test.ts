import { describe, expect, test } from 'vitest';
import { ends, eventsOf, FOOTER, host, hosts, itemsOf, refusals, scan } from '../support/scans.ts';

test('a host of many megabytes is read port by port', () => {
  const script = `<script id="x" output="${'y'.repeat(500)}"/>`;
  const ports = Array.from({ length: 10_000 }, (_, i) => `<port protocol="tcp" portid="${i}"><state state="open"/>${script}</port>`).join('\n');
  const text = scan(host('192.0.2.1', `<ports>${ports}</ports><os><osmatch name="Tarpit" accuracy="90"/></os>`) + host('192.0.2.2'));
  const events = eventsOf(text, {}, 65_536);
  expect(events.filter(({ dataset }) => dataset === 'nmap.port')).toHaveLength(10_000);
  expect((events[5]?.shared.fields['host'] as any).os.full).toBe('Tarpit');
});

describe('empty elements are counted, and reported once', () => {
  const HEADER = '<nmaprun scanner="nmap" args="nmap -v 192.0.2.7" start="1760000000" version="7.93">\n';

  test('end tags without a run', () => {
    const items = itemsOf(HEADER + '</nmaprun>'.repeat(1000));
    expect(items.map(({ kind }) => kind)).toEqual(['run', 'end', 'refused']);
    expect(refusals(items)[0]?.reason).toBe('it and 998 others are outside of any run, or are empty runs');
  });

  test('elements outside of any run, and runs without a word', () => {
    for (const nothing of ['<nmaprun>', '<nmaprun></nmaprun>', '<target/></nmaprun>', '<runstats/></nmaprun>', '<hosthint/>', '<scaninfo/>'])
      expect(itemsOf(nothing.repeat(500)).map(({ kind }) => kind)).toEqual(['refused']);
  });

  test('the same header again and again', () => {
    expect(ends(itemsOf(HEADER.repeat(500)))).toHaveLength(1);
  });

  test('headers by the thousand with nothing behind them', () => {
    const items = itemsOf(Array.from({ length: 5000 }, (_, i) => `<nmaprun args="${i}">`).join('') + host('192.0.2.1'));
    expect(ends(items)).toHaveLength(101);
    expect(hosts(items)).toHaveLength(1);
  });

  test('runs beyond the number that scanners write in so many bytes are left out, which is reported once; later runs are read', () => {
    const tiny = (i: number, args = `nmap ${i}`): string => `<nmaprun args="${args}"><host><address addr="192.0.2.${i % 256}"/></host></nmaprun>`;
    const many = Array.from({ length: 5000 }, (_, i) => tiny(i)).join('');
    const whole = scan(host('198.51.100.1', ' '.repeat(2000)));
    for (const text of [many, many.replaceAll('</nmaprun>', ''), many.replaceAll(/<nmaprun[^>]*>/g, ''), many.replaceAll('args="', 'args="<"')]) {
      const items = itemsOf(text + whole.repeat(1000) + tiny(7, 'nmap -v 7'));
      const read = hosts(items).filter(({ addresses: [one] }) => one?.addr.startsWith('192.0.2.') === true);
      expect(read.length).toBeGreaterThanOrEqual(1001);
      expect(read.length).toBeLessThan(1800);
      expect(read.at(-1)?.addresses[0]?.addr).toBe('192.0.2.7');
      expect(hosts(items).length - read.length).toBeGreaterThan(900);
      expect(refusals(items).filter(({ reason }) => /left out/.test(reason))).toHaveLength(1);
    }
  });

  test('a thousand runs may be of any size, and very many as small as those of masscan that found nothing', () => {
    expect(ends(itemsOf(Array.from({ length: 1000 }, (_, i) => `<nmaprun args="${i}"><target/>`).join('')))).toHaveLength(1000);
    const empty = (i: number): string =>
      `<?xml version="1.0"?>\n<!-- masscan v1.0 scan -->\n<nmaprun scanner="masscan" start="${1_700_000_000 + i}" version="1.0-BETA"  xmloutputversion="1.03">\n<scaninfo type="syn" protocol="tcp" />\n<runstats>\n<finished time="1700000000" timestr="2023-11-14 23:13:20" elapsed="10" />\n<hosts up="0" down="0" total="0" />\n</runstats>\n</nmaprun>\n`;
    const items = itemsOf(Array.from({ length: 3000 }, (_, i) => empty(i)).join(''));
    expect(ends(items)).toHaveLength(3000);
    expect(refusals(items)).toEqual([]);
  });

  test('a header that could not be read, and hosts in it, are a run all the same', () => {
    expect(ends(itemsOf(`<nmaprun args="<">${FOOTER}`))).toMatchObject([{ stats: { finished: { exit: 'success' } } }]);
  });

  test('ports without anything but a number', () => {
    for (const many of [10, 200_000]) {
      const events = eventsOf(scan(host('192.0.2.1', `<ports>${'<port/>'.repeat(many)}<port portid="80"><state state="open"/></port></ports>`)));
      expect(events.map(({ dataset }) => dataset)).toEqual(['nmap.host', 'nmap.port', 'nmap.scan']);
      expect((events[0]?.own['nmap'] as any).malformed).toEqual([`port: ${many} without a state, left out`]);
      expect((events[0]?.own['nmap'] as any).host.ports.other).toBe(0);
    }
  });

  test('hosts without an address or a name are refused', () => {
    const items = itemsOf(scan(`${'<host><status state="up"/></host>'.repeat(200)}${host('192.0.2.1')}`));
    expect(hosts(items)).toHaveLength(1);
    expect(refusals(items)).toHaveLength(200);
    expect(refusals(items)[0]?.reason).toMatch(/^it has neither an address nor a name/);
  });
});

describe('everything has a bound, and what is beyond it costs nothing else', () => {
  const LONG = 'a'.repeat(3 << 20);
  const around = (element: string): string => scan(`${host('192.0.2.1')}${element}${host('192.0.2.2')}`);

  test.for([
    ['target', `<target specification="${LONG}"/>`, '2 MiB'],
    ['scaninfo', `<scaninfo services="${LONG}"/>`, '2 MiB'],
    ['runstats', `<runstats><finished summary="${LONG}"/></runstats>`, '1 MiB'],
    ['hosthint', `<hosthint><status state="${LONG}"/></hosthint>`, '1 MiB'],
    ['postscript', `<postscript><script id="a" output="${LONG.repeat(6)}"/></postscript>`, '16 MiB'],
    ['output', `<output type="interactive">${LONG.repeat(6)}</output>`, '16 MiB'],
    ['DOCTYPE', `<!DOCTYPE a [${LONG}`, '64 KiB'],
  ] as const)('%s', ([name, element, bound]) => {
    for (const chunk of [100_000, 1e9]) {
      const items = itemsOf(around(element), chunk);
      expect(hosts(items).map(({ addresses }) => addresses[0]?.addr)).toEqual(['192.0.2.1', '192.0.2.2']);
      expect(refusals(items).map(({ element, reason }) => [element, reason.replace(/ \(byte.*/, '')])).toEqual([
        [name, `it is longer than ${bound}`],
      ]);
      expect(ends(items)).toMatchObject([{ stats: { finished: { exit: 'success' } } }]);
    }
  });

  test('a header that is too long is refused, and its hosts come', () => {
    const items = itemsOf(scan(host('192.0.2.1'), `scanner="nmap" args="${LONG}"`), 100_000);
    expect(hosts(items)).toHaveLength(1);
    expect(refusals(items)).toMatchObject([{ element: 'nmaprun' }]);
  });

  test('more scaninfo than there are protocols', () => {
    const items = itemsOf(scan('<scaninfo type="syn" protocol="tcp" numservices="1" services="1"/>'.repeat(100) + host('192.0.2.1')));
    expect(items.find((item) => item.kind === 'run')?.run.scaninfo).toHaveLength(64);
    expect(refusals(items)).toHaveLength(1);
  });

  test('an unended comment, or one longer than any command line, is noise', () => {
    for (const noise of ['<!--'.repeat(1 << 19), `<!-- ${LONG} -->`, '<![CDATA['.repeat(1 << 18), '<?'.repeat(1 << 19)])
      for (const chunk of [50_000, 1e9]) expect(hosts(itemsOf(around(noise), chunk))).toHaveLength(2);
  });

  test('parts of a host without number', () => {
    const [first] = hosts(itemsOf(scan(host('192.0.2.1', `<hostnames>${'<hostname name="a"/>'.repeat(5000)}</hostnames>`))));
    expect(first?.hostnames).toHaveLength(4096);
    expect(first?.malformed).toEqual(['hostname: more than 4096, the rest is left out']);
  });

  const scripts = (many: number, output: string): string => `<script id="x" output="${output}"/>`.repeat(many);
  const NOTE = 'texts: more than 4194304 characters, the rest is left out';

  test('long texts of a host: what is short stays, wherever it stands', () => {
    const inside = `<hostscript>${scripts(4, LONG)}</hostscript><hostnames><hostname name="h.example"/></hostnames><ports><port protocol="tcp" portid="80"><state state="open"/>${scripts(1, LONG)}</port></ports>`;
    const [first] = hosts(itemsOf(scan(host('192.0.2.1', inside)), 1 << 20));
    expect(first?.hostscripts).toHaveLength(4);
    expect(first?.hostscripts.reduce((sum, { output = '' }) => sum + output.length, 0)).toBe((4 << 20) + 2 * 1024);
    expect(first?.malformed).toEqual([NOTE]);
    expect(first?.hostnames).toMatchObject([{ name: 'h.example' }]);
    // A port is held by itself.
    expect([...(first?.ports ?? [])].map(({ portid, scripts: [script] }) => [portid, script?.output?.length])).toEqual([['80', LONG.length]]);
  });

  test.for([
    ['attribute', (text: string) => `<script id="x" output="${text}"/>`],
    ['element', (text: string) => `<script id="x" output=""><elem>${text}</elem></script>`],
  ] as const)('a text of a host ends with a whole character: %s', ([, scriptOf]) => {
    const read = (text: string): string => {
      const [first] = hosts(itemsOf(scan(host('192.0.2.1', `<hostscript>${scriptOf(text)}</hostscript>`))));
      expect(first?.malformed).toEqual([NOTE]);
      const [script] = first?.hostscripts ?? [];
      const [item] = script?.items ?? [];
      return item !== undefined && 'value' in item ? item.value : (script?.output ?? '');
    };
    for (const before of ['', 'a', 'aa', 'aaa', 'aaaa']) {
      expect(read(before + '&amp;'.repeat(1 << 20))).toMatch(/^a*&+$/);
      expect(read(before + '\u{1F600}'.repeat(3 << 20)).isWellFormed()).toBe(true);
    }
  });

  test('elements in each other', () => {
    const items = itemsOf(around(host('192.0.2.3', '<a>'.repeat(200_000) + '</a>'.repeat(200_000))));
    expect(hosts(items)).toHaveLength(2);
    expect(refusals(items)[0]?.reason).toMatch(/^more than 131072 elements in each other/);
  });

  test('tables in each other in a postscript', () => {
    const depth = 20_000;
    const items = itemsOf(scan(`<postscript><script id="a" output="b">${'<table>'.repeat(depth)}${'</table>'.repeat(depth)}</script></postscript>`));
    expect(items.map(({ kind }) => kind)).toEqual(['run', 'postscript', 'end']);
  });
});
