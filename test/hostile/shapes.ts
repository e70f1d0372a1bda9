/** Documents that somebody writes to stop whoever reads them, of so many bytes or more. */
export type Shape = (bytes: number) => string;

const HEAD =
  '<?xml version="1.0"?>\n<nmaprun scanner="nmap" args="nmap -v 192.0.2.7" start="1760000000" version="7.93">\n<scaninfo type="syn" protocol="tcp" numservices="2" services="80,443"/>\n';
const FOOT = '<runstats><finished time="1760000060" exit="success"/><hosts up="1" down="0" total="1"/></runstats></nmaprun>\n';

export function again(piece: string, bytes: number): string {
  return piece.repeat(Math.ceil(bytes / piece.length));
}

/** As many pieces, each with a number of its own. */
export function numbered(piece: (i: number) => string, bytes: number): string {
  const pieces: string[] = [];
  for (let length = 0, i = 0; length < bytes; i++) {
    const next = piece(i);
    pieces.push(next);
    length += next.length;
  }
  return pieces.join('');
}

function whole(inside: string): string {
  return HEAD + inside + FOOT;
}

function host(inside: string, attributes = 'starttime="1760000001" endtime="1760000002"'): string {
  return whole(`<host ${attributes}><status state="up" reason="syn-ack"/><address addr="192.0.2.7" addrtype="ipv4"/>${inside}</host>\n`);
}

function port(inside: string): string {
  return host(`<ports><port protocol="tcp" portid="80"><state state="open"/>${inside}</port></ports>`);
}

const script = (inside: string, id = 'x', output = ''): string => `<script id="${id}" output="${output}">${inside}</script>`;

/** Between elements: what never ends, what nobody closes, what says nothing. */
const OUTSIDE: Readonly<Record<string, Shape>> = {
  'comments without an end': (n) => HEAD + again('<!--', n),
  'comments without an end before a scan': (n) => again('<!--', n) + host(''),
  'instructions without an end': (n) => HEAD + again('<?', n),
  'CDATA without an end': (n) => HEAD + again('<![CDATA[', n),
  'declarations without an end': (n) => again('<!DOCTYPE a [', n) + host(''),
  'one declaration without an end': (n) => `<!DOCTYPE a [${again('a', n)}`,
  'doctypes without a bracket': (n) => again('<!DOCTYPE', n),
  'entities that are declared': (n) => `<!DOCTYPE a [${numbered((i) => `<!ENTITY e${i} "&e${i - 1};&e${i - 1};">`, n)}]>${host('')}`,
  'a tag without an end': (n) => `${HEAD}<scaninfo services="${again('1,', n)}`,
  'a tag with ends in its text': (n) => `${HEAD}<target specification="${again('>', n)}`,
  'tags in tags': (n) => HEAD + again('<target ', n),
  'end tags alone': (n) => HEAD + again('</nmaprun>', n),
  'runs that say nothing': (n) => again('<nmaprun>', n),
  'runs that say little': (n) => numbered((i) => `<nmaprun args="${i}">`, n),
  'runs with their end': (n) => numbered((i) => `<nmaprun args="${i}"></nmaprun>`, n),
  'elements outside of a run': (n) => again('<target/></nmaprun>', n),
  'targets': (n) => whole(again('<target specification="x" status="skipped"/>', n)),
  'tasks': (n) => whole(numbered((i) => `<taskbegin task="t${i}" time="1760000000"/>`, n)),
  'scaninfo': (n) => HEAD + again('<scaninfo/>', n) + FOOT,
  'prescripts': (n) => whole(again(`<prescript>${script('', 'a', 'b')}</prescript>`, n)),
  'output': (n) => whole(`<output type="interactive">${again('&lt;', n)}</output>`),
  'angle brackets': (n) => HEAD + again('<', n),
  'not a scan': (n) => again('a', n),
  'zeros': (n) => again('\0', n),
};

/** Where a host should be. */
const HOSTS: Readonly<Record<string, Shape>> = {
  'hosts without an end': (n) => HEAD + again('<host>', n),
  'hosts with one end': (n) => `${HEAD}${again('<host>', n)}</host>${FOOT}`,
  'hosts in CDATA in hosts': (n) => `${HEAD}${again('<host><![CDATA[', n)}]]><x></host>${FOOT}`,
  'hosts with an open comment': (n) => HEAD + again('<host><!--</host>', n) + FOOT,
  'hosts with a comment that all share': (n) => `${HEAD}${again('<host><!--', n)}</host>-->${FOOT}`,
  'hosts with progress that all share': (n) => `${HEAD}${again('<host a="<taskend task="a"/>\n', n)}</host>${FOOT}`,
  'hosts without a name': (n) => whole(again('<host/>', n)),
  'hosts that say little': (n) => whole(numbered((i) => `<host><address addr="${i}"/></host>`, n)),
  'the same host, a port each': (n) =>
    whole(
      numbered(
        (i) =>
          `<host><status state="up"/><address addr="192.0.2.7" addrtype="ipv4"/><ports><port protocol="tcp" portid="${i % 65_536}"><state state="open"/></port></ports></host>`,
        n,
      ),
    ),
  'the same host of all ports, a port each, backwards in time': (n) =>
    `${HEAD.replace('"80,443"', '"1-65535"')}${numbered(
      (i) =>
        `<host endtime="${1_760_100_000 - i}"><status state="up"/><address addr="192.0.2.7"/><ports><port protocol="tcp" portid="${i % 65_536}"><state state="open"/></port></ports></host>`,
      n,
    )}${FOOT}`,
  'the same host of masscan, a port each, backwards in time': (n) =>
    `<nmaprun scanner="masscan" start="1760000000" version="1.0">${numbered(
      (i) =>
        `<host endtime="${1_760_000_000 + 100_000 - i}"><address addr="192.0.2.7" addrtype="ipv4"/><ports><port protocol="tcp" portid="${i % 65_536}"><state state="open"/><service name="telnet" banner="b"/></port></ports></host>`,
      n,
    )}${FOOT}`,
  'hints': (n) => whole(again('<hosthint/>', n)),
};

interface SmallRun {
  readonly scanner?: string;
  readonly args?: string;
  readonly start?: number;
  readonly address?: string;
}

/** A whole run of a host and a port. */
function smallRun({ scanner = 'nmap', args = 'nmap -v 192.0.2.0/24', start = 1_760_000_000, address = '192.0.2.7' }: SmallRun): string {
  return `<nmaprun scanner="${scanner}" args="${args}" start="${start}" version="7.93"><scaninfo type="syn" protocol="tcp" numservices="2" services="22,80"/><host starttime="${start + 1}" endtime="${start + 2}"><status state="up" reason="syn-ack"/><address addr="${address}" addrtype="ipv4"/><ports><port protocol="tcp" portid="80"><state state="open" reason="syn-ack"/><service name="http"/></port></ports></host><runstats><finished time="${start + 3}" exit="success"/><hosts up="1" down="0" total="1"/></runstats></nmaprun>\n`;
}

/** The least that is a run of a host and its ports. */
function tinyRun(start: number, ports: string): string {
  return `<nmaprun start="${start}"><host><status state="up"/><address addr="10.0.0.1"/><ports>${ports}</ports></host><runstats><finished exit="success"/></runstats></nmaprun>`;
}

const OPEN_80 = '<port protocol="tcp" portid="80"><state state="open"/></port>';

/** The same of a file by somebody who saves: each has something of its own. */
export function ownRun(start: number, { args = 'nmap -v 10.0.0.0/8', services = '80', address = '10.0.0.1', ports = OPEN_80 }): string {
  return `<nmaprun args="${args}" start="${start}"><scaninfo protocol="tcp" services="${services}"/><host><status state="up"/><address addr="${address}"/><ports>${ports}</ports></host><runstats><finished exit="success"/></runstats></nmaprun>`;
}

export const addressOf = (i: number): string => `10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}`;
export const startOf = (i: number): number => 1_700_000_000 + i * 60;

/** Whole runs one behind another, each of which is committed to what is known. */
const RUNS: Readonly<Record<string, Shape>> = {
  'whole runs of a host': (n) => numbered((i) => smallRun({ start: startOf(i) }), n),
  'whole runs of a network': (n) => numbered((i) => smallRun({ start: startOf(i), address: `192.0.2.${1 + (i % 250)}` }), n),
  'whole runs with arguments and a host of their own': (n) =>
    numbered((i) => smallRun({ args: `nmap -p 22,80 ${addressOf(i)}`, start: startOf(i), address: addressOf(i) }), n),
  'whole runs of many scanners': (n) => numbered((i) => smallRun({ scanner: `s${i}`, start: startOf(i) }), n),
  'whole runs backwards in time': (n) => numbered((i) => smallRun({ start: startOf(100_000 - i), address: `192.0.2.${1 + (i % 250)}` }), n),
  'whole runs without a time': (n) =>
    numbered((i) => smallRun({ args: `nmap ${addressOf(i)}`, address: addressOf(i) }).replace(/ start="\d+"/, ''), n),
  'runs without an end that find another port each': (n) =>
    numbered((i) => tinyRun(startOf(i), `<port protocol="tcp" portid="${i % 65_536}"><state state="open"/></port>`).replace(/<runstats>.*/, ''), n),
  'the least whole runs': (n) => numbered((i) => tinyRun(i, '<port protocol="tcp" portid="80"><state state="open"/></port>'), n),
  'small runs of a network each': (n) =>
    numbered((i) => ownRun(startOf(i), { args: `nmap -v ${addressOf(i << 8)}/24`, address: addressOf((i << 8) + 1) }), n),
  'small runs with a host each': (n) => numbered((i) => ownRun(startOf(i), { address: addressOf(i) }), n),
  'small runs with arguments each': (n) => numbered((i) => ownRun(startOf(i), { args: `nmap -T${i} 10.0.0.1` }), n),
  'small runs with ports each': (n) => numbered((i) => ownRun(startOf(i), { services: `${i % 65_536}` }), n),
  'tiny runs with a host each': (n) => numbered((i) => `<nmaprun args="${i}"><host><address addr="${addressOf(i)}"/></host></nmaprun>`, n),
  'tiny runs without an end': (n) => numbered((i) => `<nmaprun start="${i}"><host><status state="up"/><address addr="${addressOf(i)}"/></host>`, n),
  'tiny runs of one name': (n) => numbered((i) => `<nmaprun><host><address addr="${addressOf(i)}"/></host>`, n),
  'tiny runs of a target': (n) => numbered((i) => `<nmaprun args="${i}"><target/>`, n),
  'hosts that begin runs': (n) => numbered((i) => `<host><address addr="${addressOf(i)}"/></host></nmaprun>`, n),
  'small runs of a host of many ports': (n) =>
    tinyRun(
      1,
      numbered((i) => `<port protocol="tcp" portid="${i % 65_536}"><state state="open"/></port>`, n / 2),
    ) + numbered((i) => tinyRun(2 + i, '<port protocol="tcp" portid="80"><state state="open"/></port>'), n / 2),
  'the same small run of a host of many ports': (n) =>
    tinyRun(
      1,
      numbered((i) => `<port protocol="tcp" portid="${i % 65_536}"><state state="open"/></port>`, n / 2),
    ) + again(tinyRun(2, '<port protocol="tcp" portid="80"><state state="open"/></port>'), n / 2),
  'weaknesses that are not found again': (n) =>
    [`<service name="telnet" method="probed"/>`, '']
      .map((service, i) =>
        tinyRun(
          startOf(i),
          numbered((port) => `<port protocol="tcp" portid="${port}"><state state="open"/>${service}</port>`, service === '' ? 0.37 * n : 0.6 * n),
        ),
      )
      .join(''),
  'runs of a kind each that leave out what is known': (n) =>
    HEAD.replace('192.0.2.7', '10.0.0.0/8') +
    numbered((i) => `<host><status state="up"/><address addr="${addressOf(i)}"/></host>`, n / 2) +
    FOOT +
    numbered(
      (i) => `<nmaprun args="nmap -T${i} 10.0.0.0/8" start="${1_760_000_100 + i}"><runstats><finished exit="success"/></runstats></nmaprun>`,
      n / 2,
    ),
  'small runs of a kind each backwards in time': (n) =>
    numbered((i) => ownRun(startOf(100_000 - i), { args: `nmap -v -T${i} 10.0.0.0/8`, address: addressOf(i) }), 0.7 * n),
  'runs of a kind each, and a host of many weaknesses': (n) =>
    numbered((i) => ownRun(startOf(i), { args: `nmap -v -T${i} 10.0.0.0/8`, services: '1-65535' }), 0.35 * n) +
    tinyRun(
      startOf(100_000),
      numbered((i) => `<port protocol="tcp" portid="${i + 1}"><state state="open"/><service name="telnet" method="probed"/></port>`, 0.35 * n),
    ).replace('start=', 'args="nmap -sV 10.0.0.1" start='),
  'a host of very many ports, and runs that test all of them': (n) =>
    ownRun(startOf(0), { services: '1-65535', ports: numbered((i) => OPEN_80.replace('80', `${i + 1}`), 0.25 * n) }) +
    numbered((i) => ownRun(startOf(1 + i), { services: '1-65535', ports: '<extraports state="closed" count="65535"/>' }), 0.25 * n),
  'the same whole run': (n) => again(smallRun({}), n),
};

/** In a host. */
const PARTS: Readonly<Record<string, Shape>> = {
  'attributes': (n) => whole(`<host ${again('a="" ', n)}></host>`),
  'attributes with names of their own': (n) => whole(`<host ${numbered((i) => `a${i}="" `, n)}></host>`),
  'addresses': (n) => host(numbered((i) => `<address addr="10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}"/>`, n)),
  'names': (n) => host(`<hostnames>${numbered((i) => `<hostname name="h${i}.example"/>`, n)}</hostnames>`),
  'addports': (n) => host(again('<addport/>', n)),
  'hops': (n) => host(`<trace>${again('<hop/>', n)}</trace>`),
  'traces': (n) => host(again('<trace/>', n)),
  'systems': (n) => host(`<os>${again('<osmatch name="a" accuracy="1"/>', n)}</os>`),
  'extraports': (n) => host(`<ports>${again('<extraports state="closed" count="9"/>', n)}</ports>`),
  'port lists': (n) =>
    host(`<ports>${again('<extraports state="closed" count="9"><extrareasons reason="a" ports="1-65535"/></extraports>', n)}</ports>`),
  'ports without a state': (n) => host(`<ports>${again('<port/>', n)}</ports>`),
  'ports that say little': (n) => host(`<ports>${numbered((i) => `<port portid="${i}"><state state="open"/></port>`, n)}</ports>`),
  'the same port': (n) => host(`<ports>${again('<port protocol="tcp" portid="23"><state state="open"/></port>', n)}</ports>`),
  'a port that answers each time in another way': (n) =>
    host(`<ports>${numbered((i) => `<port protocol="tcp" portid="23"><state state="open" reason_ttl="${i}"/></port>`, n)}</ports>`),
  'two ports by turns': (n) =>
    host(
      `<ports>${again('<port protocol="tcp" portid="23"><state state="open"/></port><port protocol="tcp" portid="21"><state state="open"/></port>', n)}</ports>`,
    ),
  'the same port of masscan': (n) =>
    host(`<ports>${again('<port protocol="tcp" portid="23"><state state="open"/></port>', n)}</ports>`).replace(
      'scanner="nmap"',
      'scanner="masscan"',
    ),
  'lists of ports': (n) => host(again('<ports/>', n)),
  'elements in each other': (n) => host(`${again('<a>', n / 2)}${again('</a>', n / 2)}`),
  'a name': (n) => host(`<hostnames><hostname name="${again('a.', n)}"/></hostnames>`),
  'an address': (n) => whole(`<host><address addr="${again('1.', n)}"/></host>`),
  'a vendor of control characters': (n) => host(`<address addr="00:00:00:00:00:01" addrtype="mac" vendor="${again('&#x1b;', n)}"/>`),
};

/** In a script: what it says, and its tables. */
const SCRIPTS: Readonly<Record<string, Shape>> = {
  'the same script': (n) => port(again('<script id="a" output="b"/>', n)),
  'scripts': (n) => port(numbered((i) => `<script id="s${i}" output="b"/>`, n)),
  'values': (n) => port(script(again('<elem/>', n))),
  'the same key': (n) => port(script(again('<elem key="a">b</elem>', n))),
  'tables in each other': (n) => host(`<hostscript>${script(again('<table>', n / 2) + again('</table>', n / 2))}</hostscript>`),
  'tables in each other before all hosts': (n) => whole(`<prescript>${script(again('<table>', n / 2) + again('</table>', n / 2))}</prescript>`),
  'entities': (n) => host(`<hostscript>${script('', 'x', again('&amp;', n))}</hostscript>`),
  'pairs of colons': (n) => port(script('', 'http-default-accounts', again('a:', n))),
  'pairs at nowhere': (n) => port(script('', 'http-default-accounts', again('a:b at ', n))),
  'security types': (n) => port(script('', 'vnc-info', again('Security types:&#xa;', n))),
  'CVEs': (n) =>
    port(
      script(
        '',
        'vulners',
        numbered((i) => `CVE-2020-${1000 + (i % 90_000)} 7.5&#xa;`, n),
      ),
    ),
  'CVEs in a line': (n) =>
    port(
      script(
        '',
        'foo',
        numbered((i) => `CVE-2020-${1000 + i} `, n),
      ),
    ),
  'nearly CVEs': (n) => port(script('', 'vulners', again('CVE-', n))),
  'tables of CVEs': (n) =>
    port(
      script(
        `<table key="cpe">${numbered((i) => `<table><elem key="id">CVE-2020-${1000 + i}</elem><elem key="cvss">9</elem></table>`, n)}</table>`,
        'vulners',
      ),
    ),
  'names of a certificate': (n) =>
    port(
      script(
        `<table key="extensions"><table><elem key="name">X509v3 Subject Alternative Name</elem><elem key="value">${again('DNS:a, ', n)}</elem></table></table>`,
        'ssl-cert',
      ),
    ),
  'escapes of a certificate': (n) => port(script(`<table key="subject"><elem key="commonName">${again('\\xC3', n)}</elem></table>`, 'ssl-cert')),
  'weak ciphers': (n) =>
    port(
      script(
        `<table key="TLSv1.0"><table key="ciphers">${again('<table><elem key="name">TLS_RC4</elem><elem key="strength">F</elem></table>', n)}</table></table>`,
        'ssl-enum-ciphers',
      ),
    ),
};

function args(text: string): string {
  return `<nmaprun scanner="nmap" args="nmap ${text}" start="1760000000"><scaninfo type="syn" protocol="tcp" numservices="1" services="1"/>${host('').slice(HEAD.length)}`;
}

/** In what nmap was told. */
const ARGUMENTS: Readonly<Record<string, Shape>> = {
  'arguments with dots': (n) => args(again('a.', n)),
  'schemes': (n) => args(again('a://', n)),
  'quotes': (n) => args(again('--script-args &quot;', n)),
  'secrets': (n) => args(again('pass= ', n)),
  'tables of arguments': (n) => args(`--script-args ${again('a={', n)}`),
  'globs': (n) => args(`--script ${again('a*', n)}`),
  'networks': (n) => args(numbered((i) => `10.${(i >> 8) & 255}.${i & 255}.0-255 `, n)),
  'octets': (n) => args(again('1-255.1-255.1-255.1-255 ', n)),
  'exclusions': (n) => args(`10.0.0.0/8 --exclude ${numbered((i) => `10.${(i >> 8) & 255}.${i & 255}.7,`, n)}`),
  'services': (n) =>
    `<nmaprun scanner="nmap" args="nmap x" start="1760000000"><scaninfo type="syn" protocol="tcp" services="${again('1,', n)}"/>${host('').slice(HEAD.length)}`,
  'a target': (n) => whole(`<target specification="${again('a', n)}"/>`),
  'an error': (n) =>
    HEAD + `<runstats><finished time="1760000060" exit="error" errormsg="${again('a', Math.min(n, 900_000))}"/></runstats></nmaprun>`,
};

export const SHAPES: Readonly<Record<string, Shape>> = { ...OUTSIDE, ...HOSTS, ...RUNS, ...PARTS, ...SCRIPTS, ...ARGUMENTS };
