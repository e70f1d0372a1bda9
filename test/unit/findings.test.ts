import { expect, test } from 'vitest';
import { isRequested } from '../../src/finding/script.ts';
import { eventsOf, ecs, fixture, host, scan } from '../support/scans.ts';
import { port, vulnerable } from '../support/script-output.ts';
import { expectValidEvent } from '../support/validate.ts';

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
