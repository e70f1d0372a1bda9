import { describe, expect, test } from 'vitest';
import { readScans } from '../../src/index.ts';
import { ends, eventsOf, FOOTER, fixture, host, hosts, itemsOf, NOBODY_UP, port, refusals, scan } from '../support/scans.ts';

const THREE = scan(host('192.0.2.1', port(80)) + host('192.0.2.2', port(443)) + host('192.0.2.3', port(22)));

function addressesOf(text: string | Uint8Array): string[] {
  return hosts(itemsOf(text)).map(({ addresses }) => addresses[0]?.addr ?? '');
}

describe('a scan that was cut', () => {
  test('at any byte ships the hosts that are whole, and one event says that it is incomplete', () => {
    for (let cut = THREE.indexOf('<nmaprun') + 9; cut < THREE.length; cut++) {
      const text = THREE.slice(0, cut);
      const whole = text.split('</host>').length - 1;
      const items = itemsOf(text);
      expect(hosts(items)).toHaveLength(whole);
      if (!text.includes('>', text.indexOf('<nmaprun'))) continue;
      const runs = eventsOf(text).filter(({ dataset }) => dataset === 'nmap.scan');
      expect(runs.map(({ action }) => action)).toEqual([text.includes('</runstats>') ? 'scan-finished' : 'scan-incomplete']);
      expect(refusals(items)).toEqual([]);
    }
  });

  test('names the host that the cut went through, and where it begins', () => {
    const at = THREE.indexOf('<host', THREE.indexOf('192.0.2.1'));
    const [end] = ends(itemsOf(THREE.slice(0, at + 140)));
    expect(end?.pending).toMatchObject({ element: 'host', offset: at, address: '192.0.2.2' });
    const message = eventsOf(THREE.slice(0, at + 140)).at(-1)?.message;
    expect(message).toBe(
      `nmap 7.93 scan incomplete: the input ends inside the host element of 192.0.2.2 that begins at byte ${at}; until then 1 host (1 up), 1 open port`,
    );
  });

  test('and followed by another document is two runs, the first incomplete', () => {
    const cut = THREE.slice(0, THREE.indexOf('192.0.2.3'));
    const actions = eventsOf(cut + THREE)
      .filter(({ dataset }) => dataset === 'nmap.scan')
      .map(({ action }) => action);
    expect(actions).toEqual(['scan-incomplete', 'scan-finished']);
    expect(addressesOf(cut + THREE)).toEqual(['192.0.2.1', '192.0.2.2', '192.0.2.1', '192.0.2.2', '192.0.2.3']);
  });
});

describe('several documents in one stream', () => {
  test('are several runs, with or without noise between them', () => {
    const noise = '\nWarning: 192.0.2.9 giving up on port because retransmission cap hit (10).\n<!-- a -- b -->a < b & c\n';
    for (const between of ['', noise]) expect(ends(itemsOf(THREE + between + THREE + between))).toHaveLength(2);
  });

  test('may begin with a comment before the XML declaration', () => {
    expect(addressesOf(`<!-- SPDX: x -->\n${THREE}`)).toHaveLength(3);
  });
});

describe('a host that is not well-formed', () => {
  const broken: readonly (readonly [what: string, text: string, reason: RegExp])[] = [
    ['mismatched tag', host('192.0.2.2', '<ports><port></ports>'), /end tag does not match <port>/],
    ['unquoted attribute', host('192.0.2.2', '<distance value=2/>'), /is not quoted/],
    ['attribute twice', host('192.0.2.2', '<distance value="2" value="3"/>'), /twice/],
    ['bare ampersand', host('192.0.2.2', '<distance value="a & b"/>'), /"&" that starts no known entity/],
    ['unknown entity', host('192.0.2.2', '<distance value="&nbsp;"/>'), /"&" that starts no known entity/],
    ['< in an attribute', host('192.0.2.2', '<distance value="<"/>'), /"<" inside attribute/],
    ['no space between attributes', host('192.0.2.2', '<times srtt="1"to="2"/>'), /no space/],
    ['no end tag', host('192.0.2.2').replace('</host>', ''), /end tag/],
    ['-- in a comment', host('192.0.2.2', '<!-- a -- b -->'), /"--" inside a comment/],
    ['300 attributes', host('192.0.2.2', `<x ${Array.from({ length: 300 }, (_, i) => `a${i}=""`).join(' ')}/>`), /more than 256/],
  ];

  test.for(broken)('%s: is reported with its offset, and the others ship', ([, text, reason]) => {
    const before = host('192.0.2.1', port(80));
    const whole = scan(before + text + host('192.0.2.3', port(80)));
    const items = itemsOf(whole);
    expect(hosts(items).map(({ addresses }) => addresses[0]?.addr)).toEqual(['192.0.2.1', '192.0.2.3']);
    expect(refusals(items)).toMatchObject([{ element: 'host', offset: whole.indexOf(text), address: '192.0.2.2' }]);
    expect(refusals(items)[0]?.reason).toMatch(reason);
    for (const chunk of [1, 13]) expect(itemsOf(whole, chunk)).toEqual(items);
  });

  test('offsets count bytes, not characters', () => {
    const before = host('192.0.2.1', '<distance value="äöü€😀"/>');
    const whole = scan(before + host('192.0.2.2', '<x>'));
    expect(refusals(itemsOf(whole))[0]?.offset).toBe(Buffer.from(whole).indexOf('<host', Buffer.from(whole).indexOf('192.0.2.1')));
  });
});

describe('what a host may contain and still be read', () => {
  const contents: readonly (readonly [what: string, inside: string])[] = [
    ['a comment with </host> in it', '<!-- </host> <host> -->'],
    ['CDATA with </host> in it', '<os><![CDATA[ </host> ]]></os>'],
    ['a processing instruction', '<?php echo 1 ?>'],
    ['control characters as references', '<hostnames><hostname name="a&#x1b;[31m&#0;&#8;"/></hostnames>'],
    ['raw control characters', '<hostnames><hostname name="a\u001B[31m\u0001"/></hostnames>'],
    ['> in an attribute', '<hostnames><hostname name="a>b"/></hostnames>'],
    ['single quotes', "<distance value='2'/>"],
    ['unknown elements', '<future><a b="c">d</a></future>'],
    ["nmap's stderr between elements", '\nRTTVAR has grown to over 2.3 seconds\n'],
  ];
  test.for(contents)('%s', ([, inside]) => {
    const text = scan(host('192.0.2.1', inside + port(80)) + host('192.0.2.2'));
    for (const chunk of [1, 5, 1e9]) {
      const items = itemsOf(text, chunk);
      expect(refusals(items)).toEqual([]);
      expect(hosts(items)).toHaveLength(2);
      expect([...(hosts(items)[0]?.ports ?? [])]).toHaveLength(1);
    }
  });

  test('a script table as deep as it likes', () => {
    const script = `<hostscript><script id="deep" output="x">${'<table key="t">'.repeat(5000)}<elem>e</elem>${'</table>'.repeat(5000)}</script></hostscript>`;
    const [event] = eventsOf(scan(host('192.0.2.1', script)));
    expect((event?.own['nmap'] as any).script).toMatchObject({ id: ['deep'], truncated: true });
  });
});

describe('encodings', () => {
  const text = scan(host('192.0.2.1', '<hostnames><hostname name="müller.example" type="PTR"/></hostnames>'));
  const names = (bytes: Uint8Array, chunk?: number): (string | undefined)[] =>
    hosts(itemsOf(bytes, chunk)).flatMap(({ hostnames }) => hostnames.map(({ name }) => name));
  const declared = (encoding: string): string => text.replace('version="1.0"', `version="1.0" encoding="${encoding}"`);
  const utf16be = Buffer.from(`\uFEFF${text}`, 'utf16le').swap16();
  const cases: readonly (readonly [what: string, bytes: Buffer])[] = [
    ['UTF-8', Buffer.from(text)],
    ['UTF-8 with a byte order mark', Buffer.from(`\uFEFF${text}`)],
    ['ISO-8859-1, declared', Buffer.from(declared('ISO-8859-1'), 'latin1')],
    ['windows-1252, declared', Buffer.from(declared('windows-1252'), 'latin1')],
    ['UTF-16 LE with a mark', Buffer.from(`\uFEFF${declared('UTF-16')}`, 'utf16le')],
    ['UTF-16 LE without a mark', Buffer.from(text, 'utf16le')],
    ['UTF-16 BE with a mark', utf16be],
    ['UTF-8 that claims to be UTF-16', Buffer.from(declared('UTF-16'))],
    ['CRLF', Buffer.from(text.replaceAll('\n', '\r\n'))],
  ];
  test.for(cases)('%s', ([, bytes]) => {
    for (const chunk of [1, 3, 1e9]) expect(names(bytes, chunk)).toEqual(['müller.example']);
  });

  test('line ends do not change what is said', () => {
    const ids = (bytes: string): string[] => eventsOf(bytes).map(({ id }) => id);
    const ports = scan(host('192.0.2.1', port(80).replaceAll('><', '>\n<')));
    expect(ids(ports.replaceAll('\n', '\r\n'))).toEqual(ids(ports));
  });

  test('an unknown encoding is reported, and the scan is read as UTF-8', () => {
    expect(names(Buffer.from(declared('klingon')))).toEqual(['müller.example']);
    expect(refusals(itemsOf(declared('klingon')))).toEqual([
      { element: '?xml', offset: 0, length: 0, reason: 'it names the unknown encoding "klingon"; the scan is read as UTF-8' },
    ]);
  });

  test('wrong bytes become U+FFFD and cost nothing else', () => {
    const bytes = Buffer.from(text.replace('ü', '\u0000'));
    bytes[bytes.indexOf(0)] = 0xff;
    expect(names(bytes)).toEqual(['m\uFFFDller.example']);
  });
});

describe('runs without hosts', () => {
  test('zero hosts with success is a finished scan', () => {
    const events = eventsOf(scan('').replace(FOOTER, NOBODY_UP));
    expect(events.map(({ action, message }) => [action, message])).toEqual([
      ['scan-finished', 'nmap 7.93 scan finished: 1 host (0 up), no ports looked at in 60 s'],
    ]);
  });

  test('a bare <nmaprun> with an error is a failed scan', () => {
    const text =
      '<nmaprun>\n<runstats><finished time="1760000000" elapsed="0.10" exit="error" errormsg="Could not find interface nosuch0"/><hosts up="0" down="0" total="0"/>\n</runstats></nmaprun>';
    expect(eventsOf(text).map(({ action, message }) => [action, message])).toEqual([
      ['scan-failed', 'nmap scan failed: Could not find interface nosuch0'],
    ]);
  });

  test('a header alone is incomplete, during the task that it names', () => {
    const text = '<nmaprun scanner="nmap" start="1760000000"><taskbegin task="SYN Stealth Scan" time="1760000001"/>';
    expect(eventsOf(text)[0]?.message).toBe(
      'nmap scan incomplete: the input ends without runstats, during "SYN Stealth Scan"; until then 0 hosts (0 up), no ports looked at',
    );
  });

  test('what is no scan gives nothing at all', () => {
    for (const text of ['', '{"a": 1}', 'hello', '<html><body>x</body></html>', '# Nmap 7.93 scan initiated']) expect(itemsOf(text)).toEqual([]);
  });
});

test('a DOCTYPE with declarations is refused, its entities stay unknown, the rest is read', () => {
  const text = scan(host('192.0.2.1') + host('192.0.2.2', '<distance value="&lol;"/>')).replace(
    '<!DOCTYPE nmaprun>',
    '<!DOCTYPE nmaprun [<!ENTITY lol "x">]>',
  );
  const items = itemsOf(text);
  expect(hosts(items)).toHaveLength(1);
  expect(refusals(items).map(({ element }) => element)).toEqual(['DOCTYPE', 'host']);
});

test('every element and attribute of the DTD lands in the model', () => {
  const withoutSource = JSON.stringify(itemsOf(fixture('everything.xml')), (key, value) => (key === 'source' ? undefined : (value as unknown)));
  expect(JSON.parse(withoutSource)).toMatchSnapshot();
});

test('the first host comes before the second is there', async () => {
  const seen: string[] = [];
  async function* slowly(): AsyncGenerator<Uint8Array> {
    const half = THREE.indexOf('<host', THREE.indexOf('192.0.2.1'));
    yield Buffer.from(THREE.slice(0, half));
    expect(seen).toEqual(['run', 'host']);
    yield Buffer.from(THREE.slice(half));
  }
  for await (const { kind } of readScans(slowly())) seen.push(kind);
  expect(seen).toEqual(['run', 'host', 'host', 'host', 'end']);
});

test('hosts after a header that could not be read still come, in a run without header', () => {
  const items = itemsOf(`<nmaprun scanner="nmap" args="<">${host('192.0.2.1')}${FOOTER}</nmaprun>`);
  expect(refusals(items)).toMatchObject([{ element: 'nmaprun' }]);
  expect(hosts(items)).toHaveLength(1);
});

test('attributes of a run that should be numbers and are not are named in its event', () => {
  const text = scan('', 'scanner="nmap" args="nmap x" start="soon"').replace('elapsed="60.00"', 'elapsed="a minute"');
  expect((eventsOf(text)[0]?.own['nmap'] as any).malformed).toEqual(['nmaprun@start=soon', 'finished@elapsed=a minute']);
});

test('names in certificates are read as characters, and what is none stays as it was written', () => {
  const names = String.raw`<elem key="organizationName">Ex\xC3\xA4mple</elem><elem key="commonName">\xFF\x1B b\x41</elem>`;
  const script = `<script id="ssl-cert" output="x"><table key="subject">${names}</table></script>`;
  const event = eventsOf(scan(host('192.0.2.1', port(443, 'open', script)))).find(({ dataset }) => dataset === 'nmap.port');
  expect((event?.own['tls'] as any).server.subject).toBe(String.raw`O=Exämple, CN=\xFF\x1B b\x41`);
  expect((event?.own['tls'] as any).server.x509.subject.organization).toEqual(['Exämple']);
});
