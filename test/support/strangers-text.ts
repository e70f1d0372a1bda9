import { host, scan } from './scans.ts';

/**
 * What a stranger may have made a banner or a name: markup and commands of everything that text of a scan may reach. It stands on one line,
 * but for the last one.
 */
export const EVIL: readonly string[] = [
  '<img src=x onerror=alert(1)>',
  '<!channel>',
  '<https://evil.example|bank>',
  '[bank](javascript:alert(1))',
  '[bank|https://evil.example]',
  '[~admin]',
  '@everyone',
  'x@here',
  '@**all**',
  '{{ .Labels }}',
  '{{{x}}}',
  '{0}',
  '{% include "x" %}',
  '${__value.raw}',
  '"},{"x":"',
  '=cmd|calc!A0',
  '%s%n',
  '&lt;script&gt;',
  '&x;',
  '$(id)`id`',
  "'; id; '",
  '-rf',
  ']]>',
  '--',
  '\u202Etxt',
  '\u2028x',
  '\u009D0;x\u009C',
  '\u{1F600}',
];
/** All of it as one text. */
export const ALL = EVIL.join(' ');

/** What a mail, a chat or a ticket would not show as it stands: elements, hidden links, mentions. */
export const MARKUP = /[<>]|\]\(|\]\[|\|https?:|\[~|(?<!\w)@\S|@(?:everyone|here|\*)/;
/** What would end a line, or what a terminal obeys. */
export const CONTROL = /[\u0000-\u001F\u007F-\u009F\u2028\u2029\u202A-\u202E]/;

function xml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** A scan with the text wherever a scanned host, or who started nmap, writes it. `portid`: of its open port. */
export function scanWith(text: string, { portid = 80, start = 1_760_000_000 }: { readonly portid?: number; readonly start?: number } = {}): string {
  const evil = xml(text);
  const service = `<service name="${evil}" product="${evil}" version="${evil}" extrainfo="${evil}" hostname="${evil}" ostype="${evil}" method="probed" conf="10"/>`;
  const scripts = [
    `<script id="${evil}" output="${evil} CVE-2020-12345"><elem key="${evil}">${evil}</elem></script>`,
    `<script id="http-title" output="${evil}"/>`,
    `<script id="ssl-cert" output="Subject: commonName=${evil}"><table key="subject"><elem key="commonName">${evil}</elem></table><table key="issuer"><elem key="commonName">${evil}</elem></table><table key="validity"><elem key="notBefore">2019-01-01T00:00:00</elem><elem key="notAfter">2020-01-01T00:00:00</elem></table><elem key="sha256">${evil}</elem></script>`,
  ];
  const inside = `<hostnames><hostname name="${evil}" type="PTR"/></hostnames><ports><port protocol="tcp" portid="${portid}"><state state="open" reason="${evil}"/>${service}${scripts.join('')}</port><port protocol="tcp" portid="7"><state state="closed"/></port></ports><os><osmatch name="${evil}" accuracy="99" line="1"><osclass vendor="${evil}" osfamily="x" accuracy="99"/></osmatch></os>`;
  return scan(
    `<scaninfo type="syn" protocol="tcp" numservices="3" services="7,80,81"/>${host('192.0.2.7', inside, `starttime="${start + 1}" endtime="${start + 2}"`)}`,
    `scanner="nmap" version="${evil}" args="nmap -sV -p7,80,81 192.0.2.7 --script-args x=${evil}" start="${start}"`,
  );
}
