import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { KnownHosts } from '../../src/state/known-hosts.ts';
import { stateFile } from '../../src/state/store.ts';
import { DEFAULT_OPTIONS } from '../../src/event/context.ts';
import type { LogEvent } from '../../src/event/event.ts';
import { Finder } from '../../src/finding/finder.ts';
import { type ExposureFile, ExposurePolicy } from '../../src/finding/exposure.ts';
import type { Finding } from '../../src/finding/finding.ts';
import { Intel } from '../../src/finding/intel.ts';
import { findingsAt, RULES, subjectsOf } from '../../src/finding/registry.ts';
import { RISKY_SERVICES } from '../../src/finding/risky-services.ts';
import { isRequested } from '../../src/finding/script.ts';
import { seenFindings } from '../../src/finding/seen.ts';
import { Interpreter } from '../../src/pipeline/interpreter.ts';
import { Database } from '../../src/state/database.ts';
import { SCHEMA_VERSIONS } from '../../src/state/schema.ts';
import { freshDir } from '../support/run-portlog.ts';
import { eventsOf, ecs, fixture, host, hosts, itemsOf, scan } from '../support/scans.ts';
import { algorithms, certificate, ciphers, elem, https, port, probed, said, vulnerable, vulners } from '../support/script-output.ts';
import { expectValidEvent } from '../support/validate.ts';
import { asked, scanOf, type StoryHost } from '../support/story.ts';
import { World } from '../support/world.ts';

const NOW = Date.parse('2025-10-09T08:53:22Z');

/** `rule [level]: title` of what is found at a host, its own first. */
function found(inside: string, hostscript = ''): string[] {
  const [one] = hosts(
    itemsOf(scan(host('192.0.2.7', `<ports>${inside}</ports>${hostscript === '' ? '' : `<hostscript>${hostscript}</hostscript>`}`))),
  );
  return [...subjectsOf({ args: 'nmap' }, one!, NOW)]
    .flatMap((subject) => findingsAt(subject))
    .map(
      ({ rule, title, severity, confidence, alerts }) =>
        `${rule.id} ${severity}${confidence === 'checked' ? '' : ` ${confidence}`}${alerts ? '' : ' silent'}: ${title}`,
    );
}

/** What is found, and a twin of it that is not. */
const PAIRS: readonly (readonly [what: string, there: string, found: readonly string[], not: string])[] = [
  [
    'a vulnerability that was tested',
    port(4450, '', vulnerable('smb-vuln-ms17-010', 'VULNERABLE')),
    ['nmap-nse-vulnerable 73: vulnerable to CVE-2017-0143 (Remote code execution in SMBv1)'],
    port(4450, '', vulnerable('smb-vuln-ms17-010', 'NOT VULNERABLE')),
  ],
  [
    'one with a score',
    port(4450, '', vulnerable('x-vuln-y', 'VULNERABLE (Exploitable)', `<table key="scores">${elem('CVSSv2', '9.3 (HIGH)')}</table>`)),
    ['nmap-nse-vulnerable 99: vulnerable to CVE-2017-0143 (Remote code execution in SMBv1)'],
    port(4450, '', vulnerable('x-vuln-y', 'UNKNOWN (unable to test)')),
  ],
  [
    'one that is likely',
    port(4450, '', vulnerable('http-vuln-x', 'LIKELY VULNERABLE')),
    ['nmap-nse-likely-vulnerable 47 likely: likely vulnerable to CVE-2017-0143 (Remote code execution in SMBv1)'],
    port(4450, '', said('smb-vuln-x', 'ERROR: Script execution failed (use -d to debug)')),
  ],
  [
    'a version, without and with a known exploit',
    port(2222, '', vulners(['CVE-2018-15919', '5.0', 'false'], ['CVE-2016-0777', '9.8', 'false'], ['EDB:CVE-2016-0777', '9.8', 'true'])),
    [
      'nmap-version-vulnerable 47 version silent: the version is known to be vulnerable to CVE-2018-15919 (CVSS 5)',
      'nmap-version-vulnerable 99 version: the version is known to be vulnerable to CVE-2016-0777 (CVSS 9.8), with a known exploit',
    ],
    port(2222, '', vulners()),
  ],
  [
    'a certificate that expired',
    https(certificate({ until: '2025-10-01T00:00:00' })),
    ['nmap-certificate-expired 73: the certificate expired on 2025-10-01 (CN=www.example.net)'],
    https(certificate()),
  ],
  [
    'one that expires in five days',
    https(certificate({ until: '2025-10-14T10:00:00' })),
    ['nmap-certificate-expiring 73: the certificate expires on 2025-10-14 (CN=www.example.net)'],
    https(certificate({ until: '2025-11-10T00:00:00' })),
  ],
  [
    'in ten',
    https(certificate({ until: '2025-10-19T10:00:00' })),
    ['nmap-certificate-expiring 47: the certificate expires on 2025-10-19 (CN=www.example.net)'],
    https(''),
  ],
  [
    'in twenty',
    https(certificate({ until: '2025-10-29T10:00:00' })),
    ['nmap-certificate-expiring 21: the certificate expires on 2025-10-29 (CN=www.example.net)'],
    https(''),
  ],
  [
    'one that is not valid yet',
    https(certificate({ from: '2025-12-01T00:00:00' })),
    ['nmap-certificate-not-yet-valid 47: the certificate is valid from 2025-12-01 (CN=www.example.net)'],
    https(certificate()),
  ],
  [
    'one that is signed by itself',
    https(certificate({ issuer: 'www.example.net' })),
    ['nmap-certificate-self-signed 21: the certificate is signed by itself (CN=www.example.net)'],
    https(certificate()),
  ],
  [
    'a short key',
    https(certificate({ bits: '1024' })),
    ["nmap-certificate-weak-key 73: the certificate's rsa key has 1024 bits (CN=www.example.net)"],
    https(certificate({ key: 'ec', bits: '256' })),
  ],
  [
    'a weak signature',
    https(certificate({ signature: 'sha1WithRSAEncryption' })),
    ['nmap-certificate-weak-signature 73: the certificate is signed with sha1WithRSAEncryption (CN=www.example.net)'],
    https(certificate({ signature: 'ecdsa-with-SHA256' })),
  ],
  [
    'SSLv3 and old TLS',
    https(
      ciphers(['SSLv3', 'TLS_RSA_WITH_AES_128_CBC_SHA'], ['TLSv1.0', 'TLS_RSA_WITH_AES_128_CBC_SHA'], ['TLSv1.1', 'TLS_RSA_WITH_AES_128_CBC_SHA']),
    ),
    ['nmap-tls-ssl 73: SSLv3 is spoken', 'nmap-tls-old 47: TLSv1.0 and TLSv1.1 are spoken'],
    https(ciphers(['TLSv1.2', 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256'], ['TLSv1.3', 'TLS_AKE_WITH_AES_256_GCM_SHA384'])),
  ],
  ['SSLv2', https(said('sslv2', '&#xa;  SSLv2 supported')), ['nmap-tls-ssl 73: SSLv2 is spoken'], https(said('sslv2', 'false'))],
  [
    'weak ciphers',
    https(ciphers(['TLSv1.2', 'TLS_RSA_WITH_RC4_128_SHA', 'TLS_RSA_WITH_3DES_EDE_CBC_SHA'])),
    ['nmap-tls-weak-cipher 47: weak ciphers are offered: TLS_RSA_WITH_RC4_128_SHA, TLS_RSA_WITH_3DES_EDE_CBC_SHA'],
    https(ciphers()),
  ],
  [
    'weak SSH',
    port(2222, probed('ssh'), algorithms('diffie-hellman-group1-sha1', 'ssh-dss', 'arcfour128', 'hmac-md5')),
    ['nmap-ssh-weak-algorithms 21: weak SSH algorithms are offered: diffie-hellman-group1-sha1, ssh-dss, arcfour128, hmac-md5'],
    port(2222, probed('ssh'), algorithms('curve25519-sha256', 'ssh-ed25519', 'aes256-gcm@openssh.com', 'hmac-sha2-256')),
  ],
  [
    'anonymous FTP',
    port(2121, probed('x'), said('ftp-anon', 'Anonymous FTP login allowed (FTP code 230)')),
    ['nmap-access-ftp-anon 73: anonymous FTP is allowed'],
    port(2121, probed('x')),
  ],
  [
    'a default password',
    port(8080, '', said('http-default-accounts', '&#xa;  [Apache Tomcat] at /manager/html/&#xa;    admin:admin at /manager')),
    ['nmap-access-http-default-accounts 99: an account with its default password works'],
    port(8080, ''),
  ],
  [
    'Redis',
    port(7000 - 1, probed('x'), said('redis-info', '&#xa;  Version: 7.0.15')),
    ['nmap-access-redis-info 99: Redis answers without a password'],
    port(6999, probed('x'), said('redis-info', 'ERROR: Failed to authenticate')),
  ],
  [
    'MongoDB',
    port(7001, probed('x'), said('mongodb-info', '&#xa;  MongoDB Build info&#xa;    version = 4.4.1')),
    ['nmap-access-mongodb-info 47: MongoDB answers without a password'],
    port(7001, probed('x'), said('mongodb-info', 'ERROR: Script execution failed')),
  ],
  [
    'its databases',
    port(7001, probed('x'), said('mongodb-databases', '&#xa;  ok = 1&#xa;  databases')),
    ['nmap-access-mongodb-databases 99: MongoDB lists its databases without a password'],
    port(7001, probed('x')),
  ],
  [
    'memcached',
    port(7002, probed('x'), said('memcached-info', '&#xa;  Process ID: 18568&#xa;  Server version: 1.6')),
    ['nmap-access-memcached-info 73: memcached answers everyone'],
    port(7002, probed('x'), said('memcached-info', 'ERROR')),
  ],
  [
    'VNC',
    port(7003, probed('x'), said('vnc-info', '&#xa;  Protocol version: 3.8&#xa;  Security types:&#xa;    None (1)')),
    ['nmap-access-vnc-info 99: VNC asks for no password'],
    port(7003, probed('x'), said('vnc-info', '&#xa;  Security types:&#xa;    VNC Authentication (2)')),
  ],
  [
    'X11',
    port(7004, probed('x'), said('x11-access', 'X server access is granted')),
    ['nmap-access-x11-access 99: X11 lets everyone in'],
    port(7004, probed('x')),
  ],
  [
    'SNMP',
    port(7005, probed('x'), said('snmp-info', '&#xa;  enterprise: net-snmp', elem('enterprise', 'net-snmp')), 'udp'),
    ['nmap-access-snmp-info 47: SNMP answers to the community &quot;public&quot;'.replaceAll('&quot;', '"')],
    port(7005, probed('x'), '', 'udp'),
  ],
  [
    'NFS',
    port(7006, probed('x'), said('nfs-showmount', '&#xa;  /srv/nfs *')),
    ['nmap-access-nfs-showmount 73: NFS exports directories to everyone'],
    port(7006, probed('x'), said('nfs-showmount', '&#xa;  /srv/nfs 192.0.2.0/24')),
  ],
  [
    'rsync',
    port(7007, probed('x'), said('rsync-list-modules', '&#xa;  backup')),
    ['nmap-access-rsync-list-modules 47: rsync lists its modules to everyone'],
    port(7007, probed('x')),
  ],
  [
    'Docker',
    port(7008, probed('x'), said('docker-version', '&#xa;  Version: 20.10')),
    ['nmap-access-docker-version 99: the API of Docker answers everyone'],
    port(7008, probed('x')),
  ],
  [
    'SMBv1',
    port(7009, probed('x'), said('smb-protocols', '&#xa;  dialects:&#xa;    NT LM 0.12 (SMBv1) [dangerous, but default]')),
    ['nmap-access-smb-protocols 73: SMBv1 is spoken'],
    port(7009, probed('x'), said('smb-protocols', '&#xa;  dialects:&#xa;    2.1')),
  ],
  [
    'Telnet that says so',
    port(7010, probed('x'), said('telnet-encryption', '&#xa;  Telnet server does not support encryption')),
    ['nmap-access-telnet-encryption 73: Telnet does not encrypt'],
    port(7010, probed('x'), said('telnet-encryption', '&#xa;  Telnet server supports encryption')),
  ],
];

const version = (rest: string, level = 47, silent = ' silent'): string => `nmap-version-vulnerable ${level} version${silent}: ${rest}`;
const KNOWN = 'the version is known to be vulnerable to';
const NL = '&#xa;';

/** Vulnerabilities in all the ways in which scripts write them, and what is none. */
const CVES: readonly (readonly [what: string, there: string, found: readonly string[]])[] = [
  [
    'an exploit for another CVE, whose number begins alike',
    port(80, '', vulners(['CVE-2018-1312', '6.8', 'false'], ['MSF:ILITIES/UBUNTU-CVE-2018-13123/', '7.5', 'true'])),
    [version(`${KNOWN} CVE-2018-1312 (CVSS 6.8)`), version(`${KNOWN} CVE-2018-13123 (CVSS 7.5), with a known exploit`, 73, '')],
  ],
  [
    'exploits only',
    port(80, '', vulners(['EDB-ID:46676', '7.2', 'true'], ['1337DAY-ID-33575', '4.3', 'true'])),
    [version('exploits are known for the version: EDB-ID:46676, 1337DAY-ID-33575', 73, '')],
  ],
  ['advisories only', port(80, '', vulners(['OPENBSD:5.9', '5.0', 'false'])), [version(`${KNOWN} OPENBSD:5.9 (CVSS 5)`)]],
  ['a score that is none', port(80, '', vulners(['CVE-2018-1312', '98', 'false'])), [version(`${KNOWN} CVE-2018-1312`)]],
  [
    "vulners' older text",
    port(
      80,
      '',
      said(
        'vulners',
        `${NL}  cpe:/a:apache:http_server:2.4.29: ${NL}&#x9;CVE-2021-44790&#x9;&#x9;9.8&#x9;&#x9;https://vulners.com/cve/CVE-2021-44790${NL}&#x9;EDB-ID:46676&#x9;7.2&#x9;https://vulners.com/exploitdb/EDB-ID:46676&#x9;*EXPLOIT*${NL}`,
      ),
    ),
    [version(`${KNOWN} CVE-2021-44790 (CVSS 9.8)`, 99), version('exploits are known for the version: EDB-ID:46676', 73, '')],
  ],
  [
    'vulscan',
    port(
      80,
      '',
      said(
        'vulscan',
        `VulDB - https://vuldb.com:${NL}[12345] Apache CVE-2011-9999${NL}MITRE CVE - https://cve.mitre.org:${NL}[CVE-2012-1823] sapi/cgi/cgi_main.c in PHP 7`,
      ),
    ),
    [version(`${KNOWN} CVE-2012-1823`)],
  ],
  [
    'a table of another script that looks versions up',
    port(
      80,
      '',
      said(
        'cvescannerv2',
        `${NL}  cves: 2${NL}    CVE ID  CVSSv2  CVSSv3  ExploitDB  Metasploit${NL}    CVE-2021-3278  7.5  9.8  Yes  No${NL}    CVE-2014-3631  -  5.1  No  No`,
      ),
    ),
    [version(`${KNOWN} CVE-2021-3278 (CVSS 7.5), with a known exploit`, 73, ''), version(`${KNOWN} CVE-2014-3631 (CVSS 5.1)`)],
  ],
  [
    'tables below tables',
    port(
      80,
      '',
      said(
        'vulnerability-lookup',
        'x',
        `<table key="nginx"><table key="CVE-2021-23017">${elem('cvss', '7.7')}</table><elem>CVE-2019-9511 7.5</elem></table>`,
      ),
    ),
    [version(`${KNOWN} CVE-2021-23017 (CVSS 7.7)`, 73), version(`${KNOWN} CVE-2019-9511 (CVSS 7.5)`, 73)],
  ],
  [
    'vulnerability-lookup as it prints, where 0 is the score of what nobody has rated',
    port(
      53,
      '',
      said(
        'vulnerability-lookup',
        `${NL}  cpe:2.3:a:isc:bind:9.8.2:rc1: ${NL}    \tCVE-2012-1667\t8.5\thttps://vulnerability.circl.lu/vuln/CVE-2012-1667${NL}    \tCVE-2024-0760\t0\thttps://vulnerability.circl.lu/vuln/CVE-2024-0760`,
        `<table key="cpe:2.3:a:isc:bind:9.8.2:rc1">${[
          ['8.5', 'CVE-2012-1667'],
          ['0', 'CVE-2024-0760'],
        ]
          .map(
            ([cvss = '', id = '']) =>
              `<table>${elem('is_exploit', 'false')}${elem('cvss', cvss)}${elem('id', id)}${elem('type', 'CVE_RECORD')}</table>`,
          )
          .join('')}</table>`,
      ),
    ),
    [version(`${KNOWN} CVE-2012-1667 (CVSS 8.5)`, 73), version(`${KNOWN} CVE-2024-0760`)],
  ],
  [
    'the same without its tables',
    port(
      53,
      '',
      said(
        'vulnerability-lookup',
        `${NL}  cpe:2.3:a:isc:bind:9.8.2:rc1: ${NL}    \tCVE-2012-1667\t8.5\thttps://vulnerability.circl.lu/vuln/CVE-2012-1667${NL}    \tCVE-2024-0760\t0\thttps://vulnerability.circl.lu/vuln/CVE-2024-0760`,
      ),
    ),
    [version(`${KNOWN} CVE-2012-1667 (CVSS 8.5)`, 73), version(`${KNOWN} CVE-2024-0760`)],
  ],
  [
    'several CVEs that were tested together',
    port(
      4450,
      '',
      vulnerable('http-vuln-x', 'VULNERABLE').replace(
        '<elem>CVE:CVE-2017-0143</elem>',
        '<elem>CVE:2017-0147</elem><elem>BID:9</elem><elem>CVE:CVE-2017-0148</elem>',
      ),
    ),
    [
      'nmap-nse-vulnerable 73: vulnerable to CVE-2017-0147 (Remote code execution in SMBv1)',
      'nmap-nse-vulnerable 73: vulnerable to CVE-2017-0148 (Remote code execution in SMBv1)',
    ],
  ],
  [
    'the text that the library vulns writes',
    port(
      80,
      '',
      said(
        'http-slowloris-check',
        `${NL}  VULNERABLE:${NL}  Slowloris DOS attack${NL}    State: LIKELY VULNERABLE${NL}    IDs:  CVE:CVE-2007-6750${NL}      See also CVE-2009-1111.${NL}  NOT VULNERABLE:${NL}  Another${NL}    State: NOT VULNERABLE${NL}    IDs:  CVE:CVE-2008-1111`,
      ),
    ),
    ['nmap-nse-likely-vulnerable 47 likely: likely vulnerable to CVE-2007-6750'],
  ],
  [
    'a line of an older script',
    port(
      25,
      '',
      said(
        'smtp-vuln-cve2010-4344',
        `${NL}  Exim version: 4.69${NL}  Exim heap overflow vulnerability (CVE-2010-4344):${NL}    Exim (CVE-2010-4344): LIKELY VULNERABLE${NL}    Exim (CVE-2010-4345): NOT VULNERABLE`,
      ),
    ),
    ['nmap-nse-likely-vulnerable 47 likely: likely vulnerable to CVE-2010-4344'],
  ],
  [
    'one without a CVE',
    port(4450, '', said('smb-check-vulns', `${NL}  MS08-067: VULNERABLE${NL}  regsvc DoS: NOT VULNERABLE`)),
    ['nmap-nse-vulnerable 73: vulnerable to MS08-067'],
  ],
  [
    'a script that only names one',
    port(80, '', said('http-enum', `${NL}  /awstats/: see CVE-2008-3714${NL}  /x/: not vulnerable to CVE-2008-3715`)),
    ['nmap-script-names-vulnerability 21 mentioned silent: http-enum names CVE-2008-3714, and does not say that it has tested for it'],
  ],
  ['what a stranger writes', port(80, '', said('http-title', 'VULNERABLE: CVE-2014-0160') + said('banner', 'CVE-2014-0160: VULNERABLE')), []],
  [
    'what a stranger writes, told by another script',
    port(80, '', said('http-date', 'CVE-2014-0160: VULNERABLE')),
    ['nmap-script-names-vulnerability 21 mentioned silent: http-date names CVE-2014-0160, and does not say that it has tested for it'],
  ],
  ['no CVE', port(80, '', said('http-enum', 'CVE-20145-0160 XCVE-2014-0160 CVE-1899-1234 CVE-2014-016')), []],
];

test('a script of a megabyte is read in a moment, and told in a bounded number of findings', () => {
  const pump = (text: string): string => text.repeat(Math.ceil(1_000_000 / text.length));
  const started = process.cpuUsage();
  for (const text of ['CVE-', 'CVE-2014-', 'CVE-2014-0160', ' CVE:', 'VULNERABLE:&#xa;', 'a: b: ', 'State: VULNERABLE&#xa;', '&#x9;', '1.', 'x '])
    for (const id of ['vulners', 'smb-vuln-x', 'http-enum', 'vulscan']) expect(found(port(80, '', said(id, pump(text)))).length).toBeLessThan(502);
  expect(process.cpuUsage(started).user / 1e6).toBeLessThan(40);
  const rows = Array.from({ length: 3000 }, (_, i) => [`CVE-2020-${10_000 + i}`, String(i % 11), i === 7 ? 'true' : 'false'] as const);
  const told = found(port(80, '', vulners(...rows)));
  expect(told).toHaveLength(501);
  expect(told.filter((line) => line.includes('CVE-2020-10007'))).toHaveLength(1);
  expect(told.at(-1)).toBe('nmap-version-vulnerable 0 version silent: the version is known to have 2500 more vulnerabilities');
});

describe('golden pairs', () => {
  test.for(PAIRS)('%s', ([, there, expected, not]) => {
    expect(found(there)).toEqual(expected);
    expect(found(not)).toEqual([]);
  });

  test('of the host itself', () => {
    expect(found('', said('smb-security-mode', 'x', elem('message_signing', 'disabled')))).toEqual([
      'nmap-access-smb-security-mode 47: SMB message signing is disabled',
    ]);
    expect(found('', said('smb-security-mode', 'x', elem('message_signing', 'required')))).toEqual([]);
    expect(found('', said('smb2-security-mode', '&#xa;  311:&#xa;    Message signing enabled but not required'))).toEqual([
      'nmap-access-smb2-security-mode 21: SMB message signing is not required',
    ]);
    expect(found('', said('smb2-security-mode', '&#xa;  311:&#xa;    Message signing enabled and required'))).toEqual([]);
  });

  test('a name that the certificate is not for', () => {
    const named = (name: string, names: string): string[] =>
      found(https(certificate({ names })) + `</ports><hostnames><hostname name="${name}" type="user"/></hostnames><ports>`);
    expect(named('intranet.example.net', 'DNS:www.example.net, DNS:*.example.org')).toEqual([
      'nmap-certificate-name-mismatch 21: the certificate is not for intranet.example.net (CN=www.example.net)',
    ]);
    expect(named('a.example.org', 'DNS:www.example.net, DNS:*.example.org')).toEqual([]);
    expect(named('a.b.example.org', 'DNS:*.example.org')).toHaveLength(1);
  });

  test('every kind of service by its number, and by its name when nmap has asked', () => {
    for (const { id, ports } of RISKY_SERVICES) {
      const [number = '', protocol = ''] = (ports[0] ?? '').split('/');
      const guess = found(port(Number(number), '<service name="x" method="table" conf="3"/>', '', protocol)).join();
      expect(guess, ports[0]).toMatch(new RegExp(`^${id} 21 guess silent: .* may be reachable, a guess from the number of the port$`));
      // Another service listens there.
      expect(found(port(Number(number), probed('http'), '', protocol))).toEqual([]);
      expect(found(port(Number(number), '', '', protocol, 'closed'))).toEqual([]);
    }
    expect(found(port(12_345, probed('telnet')))).toEqual(['nmap-service-telnet 73: Telnet is reachable']);
  });

  test.for([
    ['Elasticsearch REST API', 'nmap-service-elasticsearch 47: Elasticsearch is reachable (http)'],
    ['CouchDB httpd', 'nmap-service-couchdb 47: CouchDB is reachable (http)'],
    ['InfluxDB http admin', 'nmap-service-influxdb 47: InfluxDB is reachable (http)'],
    ['MongoDB http console', 'nmap-service-mongodb 47: MongoDB is reachable (http)'],
    ['Kubernetes master node httpd', 'nmap-service-kubernetes 47: API of Kubernetes, kubelet is reachable (http)'],
    ['Docker Registry', undefined],
    ['Elasticsearch Kibana', undefined],
    ['nginx', undefined],
  ])('a service that speaks HTTP is known by its product: %s', ([product, expected]) => {
    const http = `<service name="http" product="${product}" method="probed" conf="10"/>`;
    expect(found(port(12_345, http))).toEqual(expected === undefined ? [] : [expected]);
  });

  test.for(CVES)('%s', ([, there, expected]) => {
    expect(found(there)).toEqual(expected);
  });

  test('every rule has its pair here', () => {
    const tested = new Set([
      ...PAIRS.flatMap(([, , expected]) => expected.map((line) => line.split(' ', 1)[0])),
      ...RISKY_SERVICES.map(({ id }) => id),
      'nmap-access-smb-security-mode',
      'nmap-access-smb2-security-mode',
      'nmap-certificate-name-mismatch',
      // Below.
      'nmap-script-names-vulnerability',
      'nmap-exposure-unexpected',
      'nmap-exposure-expired',
    ]);
    expect(RULES.map(({ id }) => id).filter((id) => !tested.has(id))).toEqual([]);
    expect(new Set(RULES.map(({ id }) => id)).size).toBe(RULES.length);
    expect(RULES.flatMap(({ references }) => references).filter((url) => url.includes('iana.org'))).toEqual([]);
    for (const { name, why, remedy, references } of RULES)
      expect([name, why, remedy, references[0]].every((text) => (text ?? '').length > 2)).toBe(true);
  });
});

test('an event of a finding', () => {
  const event = eventsOf(scan(host('192.0.2.7', `<ports>${port(4450, '', vulnerable('smb-vuln-ms17-010', 'VULNERABLE'))}</ports>`))).find(
    ({ dataset }) => dataset === 'nmap.finding',
  );
  expectValidEvent(event!);
  const fields = ecs(event!);
  expect(fields).toMatchObject({
    event: { kind: 'state', category: ['vulnerability'], type: ['info'], severity: 73 },
    server: { ip: '192.0.2.7', port: 4450 },
    rule: { id: 'nmap-nse-vulnerable' },
    vulnerability: { id: 'CVE-2017-0143', enumeration: 'CVE', severity: 'high', reference: 'https://example.net/a' },
    nmap: { finding: { confidence: 'checked', level: 'high', source: 'smb-vuln-ms17-010' } },
    message: '192.0.2.7 4450/tcp: vulnerable to CVE-2017-0143 (Remote code execution in SMBv1) [high]',
  });
  expect(fields.nmap.entity.id).toMatch(/^[0-9a-f]{32}\.tcp\.4450\.nmap-nse-vulnerable:CVE-2017-0143$/);
});

test.for([
  ['table.xml', ['guess 127.0.0.6 6379/tcp: Redis may be reachable, a guess from the number of the port [low]']],
  ['probed.xml', []],
  ['vulners-prefix.xml', ['version false CVE-2018-1312', 'version true CVE-2018-13123']],
  ['vulners-exploit-only.xml', ['version true EDB-ID:46676']],
  ['vulners-text-only.xml', ['version false CVE-2021-44790']],
] as const)('%s', ([name, expected]) => {
  const findings = eventsOf(fixture(name)).filter(({ dataset }) => dataset === 'nmap.finding');
  for (const event of findings) expectValidEvent(event);
  const words = findings
    .map(ecs)
    .map(({ nmap: { finding }, vulnerability, message }) =>
      [finding.confidence, finding.exploit, vulnerability?.id ?? message].filter((word) => word !== undefined).join(' '),
    );
  expect(words).toEqual(expected);
});

test('a banner of masscan is an answer, a number alone is none', () => {
  const found = (service: string): readonly string[] =>
    eventsOf(
      `<nmaprun scanner="masscan" start="1760000000"><host endtime="1760000000"><address addr="192.0.2.7" addrtype="ipv4"/><ports><port protocol="tcp" portid="6379"><state state="open"/>${service}</port></ports></host></nmaprun>`,
    ).flatMap((event) => (event.dataset === 'nmap.finding' ? [event.message] : []));
  expect(found('')).toEqual(['192.0.2.7 6379/tcp: Redis may be reachable, a guess from the number of the port [low]']);
  expect(found('<service name="http" banner="HTTP/1.0 200 OK"/>')).toEqual([]);
  expect(found('<service name="vnc" banner="RFB 003.008"/>')).toEqual(['192.0.2.7 6379/tcp: VNC is reachable [medium]']);
});

test('the end of a run carries how many, by level', () => {
  const end = eventsOf(scan(host('192.0.2.7', `<ports>${port(23, probed('telnet'))}${port(21, probed('ftp'))}</ports>`))).at(-1);
  expect(ecs(end!).nmap.scan.findings).toEqual({ critical: 0, high: 1, medium: 0, low: 1, info: 0 });
});

test('the inventory has the gravest of what was told', async () => {
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

test('whatever a script says, nothing breaks', () => {
  const names = RULES.map(({ id }) => id.replace(/^nmap-access-/, '')).concat('ssl-cert', 'ssl-enum-ciphers', 'vulners', 'ssh2-enum-algos', 'sslv2');
  const item: fc.Arbitrary<string> = fc.letrec<{ item: string }>((tie) => ({
    item: fc.oneof(
      fc
        .tuple(
          fc.constantFrom('state', 'id', 'subject', 'validity', 'ciphers', 'TLSv1.0', 'scores', ''),
          fc.constantFrom('', 'VULNERABLE', '1', '-', 'NaN'),
        )
        .map(([key, value]) => `<elem key="${key}">${value}</elem>`),
      fc
        .tuple(fc.constantFrom('subject', 'pubkey', 'extensions', 'kex_algorithms', 'ids'), fc.array(tie('item'), { maxLength: 3 }))
        .map(([key, list]) => `<table key="${key}">${list.join('')}</table>`),
    ),
  })).item;
  fc.assert(
    fc.property(
      fc.constantFrom(...names),
      fc.string().map((text) => text.replaceAll(/[<>&"]|[^\x20-\x7E]/g, '')),
      fc.array(item, { maxLength: 4 }),
      (name, output, items) => {
        for (const event of eventsOf(scan(host('192.0.2.7', `<ports>${port(443, probed('http'), said(name, output, items.join('')))}</ports>`))))
          expectValidEvent(event);
      },
    ),
  );
});

test.for([
  ['nmap -sC 192.0.2.7', 'ftp-anon', true],
  ['nmap -A 192.0.2.7', 'ssl-cert', true],
  ['nmap -sV 192.0.2.7', 'ftp-anon', false],
  ['nmap --script ftp-anon,ssl-cert 192.0.2.7', 'ssl-cert', true],
  ['nmap --script=ssl-* 192.0.2.7', 'ssl-enum-ciphers', true],
  ['nmap --script=smb-* 192.0.2.7', 'ssl-enum-ciphers', false],
  ['nmap --script vuln 192.0.2.7', 'smb-vuln-ms17-010', true],
  ['nmap --script vuln 192.0.2.7', 'ftp-anon', false],
  ['nmap --script "default and not ftp-anon" 192.0.2.7', 'ftp-anon', false],
  ['nmap --script /usr/share/nmap/scripts/vulners.nse 192.0.2.7', 'vulners', true],
  ['nmap --script all 192.0.2.7', 'anything', true],
] as const)('%s looks with %s: %s', ([args, script, expected]) => {
  expect(isRequested(args, script)).toBe(expected);
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

  test('a baseline swallows what is low, and nothing that is high', async () => {
    expect(await new World().ship(night(0, anonymous + port(23, probed('telnet'))))).toEqual([
      '192.0.2.1 21/tcp anonymous FTP is allowed [high]',
      '192.0.2.1 23/tcp Telnet is reachable [high]',
      '1 host, 2 open ports and 1 finding seen for the first time, with nothing earlier to compare: taken as the baseline',
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
    expect(await world.ship(night(3, selfSigned))).toEqual(['192.0.2.1 443/tcp the certificate is signed by itself (CN=www.example.net) [low]']);
  });

  test('a guess is no news; it is told when it was asked, and resolved when something else answers', async () => {
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

  test('who begins to ask is not told of every service as of a new one', async () => {
    const world = new World();
    const named = port(21, '<service name="ftp" method="table" conf="3"/>');
    await world.ship(night(0, named, 'nmap -p 21,23,443 192.0.2.0/29'));
    expect(await world.ship(night(1, port(21, probed('ftp'))))).toEqual([
      '1 finding seen for the first time, with nothing earlier to compare: taken as the baseline',
    ]);
  });

  test('what a version suggests is no news', () => {
    const [one] = hosts(itemsOf(night(0, port(22, probed('ssh'), vulners(['CVE-2018-15919', '5.0', 'false'])))));
    expect(seenFindings(new Finder(), { run: { args: 'nmap' }, host: one!, time: NOW }).findings.map(({ isSilent }) => isSilent)).toEqual([true]);
  });
});

/** gzip that unpacks to so many MiB. */
function bomb(beginning: string, mib: number): Buffer {
  const member = gzipSync(Buffer.alloc(1 << 20));
  return Buffer.concat([gzipSync(beginning), ...Array<Buffer>(mib).fill(member)]);
}

function sparse(name: string, bytes: number): string {
  const folder = freshDir();
  writeFileSync(join(folder, name), '');
  truncateSync(join(folder, name), bytes);
  return folder;
}

function withDirectory(name: string): string {
  const folder = freshDir();
  mkdirSync(join(folder, name));
  return folder;
}

function withPipe(name: string): string {
  const folder = freshDir();
  execFileSync('mkfifo', [join(folder, name)]);
  return folder;
}

function withLink(name: string): string {
  const folder = freshDir();
  symlinkSync('nowhere', join(folder, name));
  return folder;
}

describe('snapshots of what is exploited', () => {
  const KEV = JSON.stringify({
    title: 'CISA Catalog of Known Exploited Vulnerabilities',
    catalogVersion: '2026.01.30',
    dateReleased: '2026-01-30T15:00:00.0000Z',
    count: 1,
    vulnerabilities: [
      { cveID: 'CVE-2018-15919', vendorProject: 'x', dateAdded: '2021-11-03', dueDate: '2021-11-17', knownRansomwareCampaignUse: 'Known' },
    ],
  });
  const EPSS =
    '#model_version:v2025.03.14,score_date:2026-01-31T00:00:00+0000\ncve,epss,percentile\nCVE-2018-15919,0.01234,0.78901\nCVE-2016-0777,0.5,0.97\n';
  const snapshots = (files: Readonly<Record<string, string | Buffer>>): string => {
    const folder = freshDir();
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    return folder;
  };
  const whole = (): string =>
    snapshots({ 'known_exploited_vulnerabilities.json': KEV, 'epss_scores-2026-01-31.csv.gz': gzipSync(EPSS), 'epss_scores-2025-01-01.csv': 'old' });
  const [one] = hosts(
    itemsOf(
      scan(host('192.0.2.7', `<ports>${port(2222, '', vulners(['CVE-2018-15919', '5.0', 'false'], ['CVE-2016-0777', '5.0', 'false']))}</ports>`)),
    ),
  );
  const at = (intel: Intel): Finding[] => [...subjectsOf({ args: 'nmap' }, one!, NOW)].flatMap((subject) => new Finder({ intel }).at(subject));

  test('make a finding graver, and news', () => {
    expect(at(new Intel(whole())).map(({ alerts, severity, vulnerability }) => [alerts, severity, vulnerability])).toEqual([
      [
        true,
        73,
        {
          id: 'CVE-2018-15919',
          score: 5,
          exploit: true,
          references: ['https://nvd.nist.gov/vuln/detail/CVE-2018-15919'],
          knownExploited: { added: '2021-11-03', due: '2021-11-17', ransomware: true, snapshot: '2026-01-30' },
          probability: { score: 0.01234, percentile: 0.78901, snapshot: '2026-01-31' },
        },
      ],
      [
        false,
        47,
        {
          id: 'CVE-2016-0777',
          score: 5,
          exploit: false,
          references: ['https://nvd.nist.gov/vuln/detail/CVE-2016-0777'],
          knownExploited: undefined,
          probability: { score: 0.5, percentile: 0.97, snapshot: '2026-01-31' },
        },
      ],
    ]);
  });

  test('stand in the event, with their dates, and do not change its id', () => {
    const findings = (finder: Finder): readonly LogEvent[] => {
      const interpreter = new Interpreter({ ...DEFAULT_OPTIONS, now: () => NOW }, finder);
      return itemsOf(scan(host('192.0.2.7', `<ports>${port(2222, '', vulners(['CVE-2018-15919', '5.0', 'false']))}</ports>`)))
        .flatMap((item) => [...interpreter.read(item).events])
        .filter(({ dataset }) => dataset === 'nmap.finding');
    };
    const [with_, without] = [findings(new Finder({ intel: new Intel(whole()) }))[0]!, findings(new Finder())[0]!];
    expectValidEvent(with_);
    expect(ecs(with_).nmap.finding).toMatchObject({
      exploit: true,
      kev: { due_date: '2021-11-17T00:00:00.000Z', ransomware: true, snapshot: '2026-01-30T00:00:00.000Z' },
      epss: { percentile: 0.78901 },
    });
    expect(with_.id).toBe(without.id);
  });

  test('one of them is enough', () => {
    expect(at(new Intel(snapshots({ 'epss_scores-current.csv': EPSS })))[0]?.vulnerability?.knownExploited).toBeUndefined();
    expect(at(new Intel(snapshots({ 'known_exploited_vulnerabilities.json': KEV })))[0]?.alerts).toBe(true);
  });

  test('that are old are told of', () => {
    const folder = whole();
    expect(new Intel(folder).warnings(Date.parse('2026-02-10'))).toEqual([]);
    expect(new Intel(folder).warnings(Date.parse('2026-04-01'))).toEqual([
      `${join(folder, 'known_exploited_vulnerabilities.json')} is 61 days old: what has come to be exploited since is not known`,
      `${join(folder, 'epss_scores-2026-01-31.csv.gz')} is 60 days old: what has come to be exploited since is not known`,
    ]);
  });

  const broken: readonly (readonly [what: string, folder: () => string, says: RegExp])[] = [
    ['no such directory', () => '/nowhere/at/all', /cannot be read: there is no such directory/],
    ['nothing in it', () => snapshots({}), /has neither known_exploited_vulnerabilities\.json nor epss_scores/],
    ['no JSON', () => snapshots({ 'known_exploited_vulnerabilities.json': '<html>' }), /cannot be used: it is not the catalogue in JSON/],
    ['no scores', () => snapshots({ 'epss_scores-x.csv': 'cve,epss\n' }), /cannot be used: there is no line/],
    [
      'a cut archive',
      () => snapshots({ 'epss_scores-x.csv.gz': gzipSync(EPSS).subarray(0, 40) }),
      /cannot be used: it is packed with gzip, and is damaged or cut/,
    ],
    [
      'a damaged archive',
      () => snapshots({ 'epss_scores-x.csv.gz': gzipSync(EPSS).fill(0, 12, 20) }),
      /cannot be used: it is packed with gzip, and is/,
    ],
    ['a bomb for EPSS', () => snapshots({ 'epss_scores-x.csv.gz': bomb(`${EPSS}\n`, 1024) }), /cannot be used: it is larger than 64 MiB/],
    ['a bomb for KEV', () => snapshots({ 'known_exploited_vulnerabilities.json.gz': bomb('[', 1024) }), /cannot be used: it is larger than 16 MiB/],
    ['a file that is too large', () => sparse('known_exploited_vulnerabilities.json', 1 << 30), /cannot be used: it is larger than 16 MiB/],
    ['a directory', () => withDirectory('known_exploited_vulnerabilities.json'), /cannot be used: it is a directory/],
    ['a pipe', () => withPipe('epss_scores-x.csv'), /cannot be used: it is no file/],
    ['a link that leads nowhere', () => withLink('epss_scores-x.csv'), /cannot be used: there is no such file/],
  ];
  test('may begin with a byte order mark', () => {
    expect(new Intel(snapshots({ 'known_exploited_vulnerabilities.json': `\uFEFF${KEV}` })).knownExploited('CVE-2018-15919')?.due).toBe('2021-11-17');
  });

  test.for(broken)('%s: a sentence', ([, folder, says]) => {
    expect(() => new Intel(folder()).warnings(NOW)).toThrow(says);
  });
});

describe('expected exposure', () => {
  const FILE: ExposureFile = {
    networks: [
      { network: '192.0.2.0/28', zone: 'dmz', criticality: 'high', owner: 'web team', external: true },
      { network: '192.0.2.0/24', zone: 'office', criticality: 'low' },
    ],
    expected: [
      { hosts: ['192.0.2.1', '192.0.2.128/25'], ports: ['22,8000-8100/tcp', '53/udp'], reason: 'test' },
      { hosts: ['zone:dmz'], ports: ['443/tcp'], reason: 'web', expires: '2025-10-09' },
    ],
  };
  const policy = new ExposurePolicy(FILE, 'exposure.yaml');
  const judged = (ip: string, number: number, protocol = 'tcp', time = NOW): string => {
    const finding = policy.judge([ip], number, protocol, time);
    return finding === undefined ? 'expected' : `${finding.rule.id} ${finding.severity}: ${finding.title}`;
  };

  test.for([
    ['192.0.2.1', 22, 'tcp', 'expected'],
    ['192.0.2.200', 8050, 'tcp', 'expected'],
    ['192.0.2.1', 53, 'udp', 'expected'],
    ['192.0.2.1', 53, 'tcp', 'nmap-exposure-unexpected 73: is not meant to be open in zone dmz'],
    ['192.0.2.20', 22, 'tcp', 'nmap-exposure-unexpected 21: is not meant to be open in zone office'],
    ['198.51.100.1', 22, 'tcp', 'nmap-exposure-unexpected 47: is not meant to be open'],
    ['192.0.2.2', 443, 'tcp', 'expected'],
  ] as const)('%s %s/%s: %s', ([ip, number, protocol, expected]) => {
    expect(judged(ip, number, protocol)).toBe(expected);
  });

  test('ends behind its last day', () => {
    expect(judged('192.0.2.2', 443, 'tcp', Date.parse('2025-10-09T23:59:59Z'))).toBe('expected');
    expect(judged('192.0.2.2', 443, 'tcp', Date.parse('2025-10-10T00:00:00Z'))).toBe(
      'nmap-exposure-expired 21: was meant to be open until 2025-10-09 (web)',
    );
  });

  test('without a list of what is expected, nothing is judged; networks alone name zones', () => {
    const zones = new ExposurePolicy({ networks: FILE.networks ?? [], expected: 'none' }, 'x');
    expect(zones.judge(['192.0.2.1'], 9999, 'tcp', NOW)).toBeUndefined();
    expect(zones.networkOf(['192.0.2.1'])?.zone).toBe('dmz');
    expect(zones.networkOf(['203.0.113.1'])).toBeUndefined();
  });

  test('networks alone do not say that what was found is resolved', async () => {
    const night = (day: number): string =>
      scan(
        `<scaninfo type="syn" protocol="tcp" numservices="1" services="9999"/>${host('192.0.2.1', `<ports>${port(9999, '')}</ports>`).replaceAll('176000000', `17600${day}000`)}`,
        `scanner="nmap" args="nmap -p 9999 192.0.2.1" start="17600${day}0000"`,
      );
    const world = new World({ findings: { exposure: policy } });
    expect((await world.ship(night(0)))[0]).toBe('192.0.2.1 9999/tcp is not meant to be open in zone dmz [high]');
    const before = world.changes().length;
    await world.run([night(1)], { findings: { exposure: new ExposurePolicy({ networks: FILE.networks ?? [], expected: 'none' }, 'x') } });
    expect(world.changes()).toHaveLength(before);
  });

  test.for([{}, { networks: [] }, { networks: [{ network: '192.0.2.0/24', zone: 'x' }] }])('%j says nothing of what is meant to be open', (file) => {
    expect(() => new ExposurePolicy(file, 'e.yaml')).toThrow(/^e\.yaml: it /);
  });

  test('what is no address is a sentence', () => {
    expect(() => new ExposurePolicy({ networks: [{ network: '192.0.2.0/33', zone: 'x' }], expected: 'none' }, 'e.yaml')).toThrow(
      'e.yaml: networks.0.network: "192.0.2.0/33" is no address or network',
    );
  });

  test('what everyone can reach is graver', () => {
    const [one] = hosts(itemsOf(scan(host('192.0.2.7', `<ports>${port(3389, probed('ms-wbt-server'))}</ports>`))));
    const severities = (finder: Finder): number[] =>
      [...subjectsOf({ args: 'nmap' }, one!, NOW)].flatMap((subject) => finder.at(subject)).map(({ severity }) => severity);
    expect(severities(new Finder())).toEqual([47]);
    expect(severities(new Finder({ exposure: new ExposurePolicy({ networks: FILE.networks ?? [], expected: 'none' }, 'x') }))).toEqual([73]);
  });

  test('told when it comes, baseline or not, with zone and owner in every event; and resolved', async () => {
    const exposure = new ExposurePolicy(FILE, 'x');
    const world = new World({ findings: { exposure }, event: { networkOf: (ips) => exposure.networkOf(ips) } });
    const night = (day: number, ports: string): string =>
      scan(
        `<scaninfo type="syn" protocol="tcp" numservices="3" services="1-10000"/>${host('192.0.2.1', `<ports><extraports state="closed" count="9"/>${ports}</ports>`).replaceAll(/176000000\d/g, String(1_760_000_000 + day * 86_400))}`,
        `scanner="nmap" args="nmap -p 1-10000 192.0.2.0/28" start="${1_760_000_000 + day * 86_400}"`,
      );
    expect(await world.ship(night(0, port(22, '') + port(9999, '') + port(443, '')))).toEqual([
      '192.0.2.1 9999/tcp is not meant to be open in zone dmz [high]',
      expect.stringContaining('3 open ports seen for the first time'),
    ]);
    expect(await world.ship(night(1, port(22, '') + port(9999, '') + port(443, '')))).toEqual([
      '192.0.2.1 443/tcp was meant to be open until 2025-10-09 (web) [low]',
    ]);
    expect(await world.ship(night(2, port(22, '') + port(443, '')))).toEqual([
      '192.0.2.1 9999/tcp closed (open for 2 days)',
      '192.0.2.1 9999/tcp resolved: is not meant to be open in zone dmz, known for 2 days',
    ]);
    expect(world.changes().map(({ action }) => action)).toEqual([
      'exposure-unexpected',
      'baseline',
      'exposure-expired',
      'port-closed',
      'finding-resolved',
    ]);
    // Without the file nobody has judged.
    const before = world.changes().length;
    await world.run([night(3, port(22, '') + port(443, ''))], { findings: {} });
    expect(world.changes()).toHaveLength(before);
    const placed = [...world.stored.values()].filter(
      ({ dataset }) => dataset === 'nmap.host' || dataset === 'nmap.port' || dataset === 'nmap.finding',
    );
    for (const { own } of placed) expect((own as any).nmap).toMatchObject({ zone: 'dmz', criticality: 'high', owner: 'web team' });
    expect(placed.length).toBeGreaterThan(10);
  });
});

describe('settings', () => {
  const telnet = port(23, probed('telnet'));
  const rules = new Map([
    ['nmap-service-telnet', { silence: true }],
    ['nmap-access-ftp-anon', { severity: 21 }],
  ]);
  const own = {
    id: 'acme-panel',
    name: 'ACME panel',
    category: 'other',
    ports: ['9443/tcp'],
    services: /^acme$/,
    severity: 73,
    external: 99,
    why: 'x',
    remedy: 'y',
    references: [],
  } as const;

  test('a silenced rule tells nobody, and does not say that it is resolved', async () => {
    const world = new World();
    const night = (day: number): string =>
      scan(
        `<scaninfo type="syn" protocol="tcp" numservices="1" services="23"/>${host('192.0.2.1', `<ports>${telnet}</ports>`).replaceAll('176000000', `17600${day}000`)}`,
        `scanner="nmap" args="nmap -p 23 192.0.2.1" start="17600${day}0000"`,
      );
    expect((await world.ship(night(0)))[0]).toBe('192.0.2.1 23/tcp Telnet is reachable [high]');
    const stored = world.stored.size;
    await world.run([night(1)], { findings: { rules } });
    expect([...world.stored.values()].slice(stored).filter(({ dataset }) => dataset === 'nmap.finding' || dataset === 'nmap.change')).toEqual([]);
  });

  test('another severity in one zone, silence in another, and elsewhere as it is', () => {
    const exposure = new ExposurePolicy(
      {
        networks: [
          { network: '192.0.2.0/28', zone: 'dmz' },
          { network: '192.0.2.16/28', zone: 'lab' },
          { network: '192.0.2.32/28', zone: 'lan' },
        ],
        expected: 'none',
      },
      'x',
    );
    const byZone = new Map([
      [
        'nmap-service-telnet',
        {
          severity: 47,
          zones: new Map<string, object>([
            ['dmz', { severity: 99 }],
            ['lab', { silence: true }],
          ]),
        },
      ],
    ]);
    const judged = ['192.0.2.1', '192.0.2.17', '192.0.2.33', '198.51.100.1'].map((address) => {
      const [one] = hosts(itemsOf(scan(host(address, `<ports>${telnet}</ports>`))));
      const [, subject] = [...subjectsOf({ args: 'nmap' }, one!, NOW)];
      const [found] = new Finder({ rules: byZone, exposure }).at(subject!);
      return [found?.severity, found?.isSilenced ?? false];
    });
    expect(judged).toEqual([
      [99, false],
      [47, true],
      [47, false],
      [47, false],
    ]);
  });

  test("another severity, and a service of one's own before the catalogue", () => {
    const [one] = hosts(
      itemsOf(scan(host('192.0.2.7', `<ports>${port(21, probed('ftp'), said('ftp-anon', 'Anonymous FTP login allowed'))}${port(9443, '')}</ports>`))),
    );
    const found_ = [...subjectsOf({ args: 'nmap' }, one!, NOW)].flatMap((subject) => new Finder({ rules, services: [own] }).at(subject));
    expect(found_.map(({ rule, severity, title }) => [rule.id, severity, title])).toEqual([
      ['nmap-access-ftp-anon', 21, 'anonymous FTP is allowed'],
      ['nmap-service-ftp', 21, 'FTP is reachable'],
      ['acme-panel', 21, 'ACME panel may be reachable, a guess from the number of the port'],
    ]);
  });
});
