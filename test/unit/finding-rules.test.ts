import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isError } from '../../src/finding/script.ts';
import { RULES } from '../../src/finding/registry.ts';
import { RISKY_SERVICES } from '../../src/finding/risky-services.ts';
import { eventsOf, host, scan } from '../support/scans.ts';
import { certificate, elem, https, port, probed, said, vulners } from '../support/script-output.ts';
import { expectValidEvent } from '../support/validate.ts';
import { found } from '../support/found.ts';
import { PAIRS } from '../support/finding-pairs.ts';
import { CVES } from '../support/cve-pairs.ts';

test('a script of a megabyte is read in a moment, and gives a bounded number of findings', () => {
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
  expect(found(port(80, '', vulners(...rows.slice(0, 501)))).at(-1)).toBe(
    'nmap-version-vulnerable 0 version silent: the version is known to have 1 more vulnerability',
  );
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
    expect(found('', said('smb2-security-mode', '&#xa;  2.0.2:&#xa;    Message signing is disabled and not required!'))).toHaveLength(1);
    expect(found('', said('smb2-security-mode', '&#xa;  2.0.2:&#xa;    Message signing is disabled!'))).toEqual([]);
    const inText = (signing: string): string => said('smb-security-mode', `&#xa;  Account that was used: guest&#xa;  Message signing ${signing}`);
    expect(found('', inText('disabled (dangerous, but default)'))).toEqual(['nmap-access-smb-security-mode 47: SMB message signing is disabled']);
    expect(found('', inText('required'))).toEqual([]);
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
    for (const { id, ports } of RISKY_SERVICES.filter((service) => service.ports.length > 0)) {
      const [number = '', protocol = ''] = (ports[0] ?? '').split('/');
      const guess = found(port(Number(number), '<service name="x" method="table" conf="3"/>', '', protocol)).join();
      expect(guess, ports[0]).toMatch(new RegExp(`^${id} 21 guess silent: .* may be reachable, a guess from the number of the port$`));
      // Another service listens there.
      expect(found(port(Number(number), probed('http', 'product="nginx"'), '', protocol))).toEqual([]);
      expect(found(port(Number(number), '', '', protocol, 'closed'))).toEqual([]);
    }
    expect(found(port(12_345, probed('telnet')))).toEqual(['nmap-service-telnet 73: Telnet is reachable']);
  });

  test('a web server that nmap cannot name is no proof against the product that usually listens there', () => {
    const go = probed('http', 'product="Golang net/http server"');
    const goOverTls = go.replace('method=', 'tunnel="ssl" method=');
    expect(found(port(2379, go))).toEqual(['nmap-service-etcd 73 likely: etcd is probably reachable: a web server in Go answers at its port']);
    expect(found(port(10_250, goOverTls)).join()).toMatch(/^nmap-service-kubernetes 47 likely: API of Kubernetes, kubelet is probably reachable/);
    expect(found(port(8500, go)).join()).toMatch(/^nmap-service-consul 47 likely: /);
    expect(found(port(2375, go)).join()).toMatch(/^nmap-service-docker 99 likely: /);
    // Over TLS it asks for a certificate; another product is none of these; what is not written in Go is none of these either.
    expect(found(port(2376, goOverTls))).toEqual([]);
    expect(found(port(2379, probed('http', 'product="nginx"')))).toEqual([]);
    expect(found(port(9200, go))).toEqual([]);
    expect(found(port(8080, go))).toEqual([]);
    expect(found(port(9200, probed('http')))).toEqual([
      'nmap-service-elasticsearch 21 guess silent: Elasticsearch may be reachable, a guess from the number of the port',
    ]);
    // Redis does not speak HTTP.
    expect(found(port(6379, probed('http')))).toEqual([]);
  });

  test('a script that speaks the protocol of a service makes it no guess', () => {
    const unasked = '<service name="x" method="table" conf="3"/>';
    const sysdescr = said('snmp-sysdescr', 'Linux vm 6.1&#xa;  System uptime: 1m');
    expect(found(port(161, unasked, sysdescr, 'udp'))).toEqual([
      'nmap-access-snmp-sysdescr 47: SNMP answers to the community "public"',
      'nmap-service-snmp 47: SNMP is reachable',
    ]);
    expect(found(port(21, unasked, said('ftp-syst', '&#xa;  SYST: UNIX Type: L8')))).toEqual(['nmap-service-ftp 21: FTP is reachable']);
    expect(found(port(1433, unasked, said('ms-sql-ntlm-info', '&#xa;  Target_Name: LAB')))).toEqual([
      'nmap-service-mssql 21: Microsoft SQL Server is reachable',
    ]);
    for (const silent of [
      said('ftp-anon', 'ERROR: Script execution failed'),
      said('ftp-brute', '&#xa;  Accounts: No valid accounts found'),
      said('http-title', 'FTP'),
    ])
      expect(found(port(21, unasked, silent)).join()).toMatch(/^nmap-service-ftp 21 guess silent: /);
  });

  test('what a server says about itself does not make its finding go away', () => {
    const open = {
      snmp: 'ERROR: Linux vm 6.1',
      rsync: '&#xa;  ERROR: all     &#x9;backup',
      memcached: '&#xa;  Process ID: 1&#xa;  Version: 1.6 Authentication: yes',
    };
    expect(found(port(161, probed('snmp'), said('snmp-sysdescr', open.snmp), 'udp')).join()).toContain('nmap-access-snmp-sysdescr 47');
    expect(found(port(873, probed('rsync'), said('rsync-list-modules', open.rsync))).join()).toContain('nmap-access-rsync-list-modules');
    expect(found(port(11_211, probed('memcached'), said('memcached-info', open.memcached))).join()).toContain('nmap-access-memcached-info');
    const failed = 'ERROR: Script execution failed (use -d to debug)';
    expect(found(port(161, probed('snmp'), said('snmp-sysdescr', failed), 'udp')).join()).not.toContain('nmap-access');
    for (const error of [failed, '&#xa;  ERROR: Failed to connect to rsync server'])
      expect(found(port(873, probed('rsync'), said('rsync-list-modules', error))).join()).not.toContain('nmap-access');
    const asked = '&#xa;  Process ID           1&#xa;  Authentication       : yes';
    expect(found(port(11_211, probed('memcached'), said('memcached-info', asked))).join()).not.toContain('nmap-access');
  });

  test('a long text of a server that looks like an error is read in linear time', () => {
    const started = process.cpuUsage();
    expect(isError({ id: 'banner', output: `ERROR: Failed to connect${' '.repeat(200_000)}\tx`, items: [] })).toBe(false);
    expect(isError({ id: 'banner', output: `ERROR: Failed to connect${' '.repeat(200_000)}`, items: [] })).toBe(true);
    expect(process.cpuUsage(started).user / 1e6).toBeLessThan(2);
  });

  // Names as nmap-service-probes and scripts of nmap 7.93 write them.
  test.for<readonly [name: string, id: string | undefined]>([
    ...['echo', 'chargen', 'qotd', 'daytime', 'systat', 'netstat'].map((name) => [name, 'small'] as const),
    ['rpcbind', 'portmapper'],
    ['ypserv', 'nis'],
    ['rsync', 'rsync'],
    ['X11', 'x11'],
    ['vnc', 'vnc'],
    ['vnc-http', 'vnc'],
    ['nomachine-nx', 'radmin'],
    ['winbox', 'winbox'],
    ['cisco-smartinstall', 'smart-install'],
    ['adb', 'adb'],
    ['distccd', 'distcc'],
    ['nrpep', 'nrpe'],
    ['asf-rmcp', 'ipmi'],
    ['snmp', 'snmp'],
    ['netbios-ns', 'netbios'],
    ['ndmp', 'ndmp'],
    ['memcached', 'memcached'],
    ['cassandra-native', 'cassandra'],
    ['clickhouse', 'clickhouse'],
    ['hazelcast', 'hazelcast'],
    ['rethinkdb-client', 'rethinkdb'],
    ['ibm-db2', 'db2'],
    ['sybase-adaptive', 'firebird'],
    ['jenkins-listener', 'jenkins'],
    ['hadoop-ipc', 'hadoop'],
    ['hadoop-secondary-namenode', 'hadoop'],
    ['hbase-master', 'hadoop'],
    ['ajp13', 'ajp'],
    ['zookeeper', 'kafka'],
    ['apachemq', 'activemq'],
    ['stomp', 'activemq'],
    ['mqtt', 'mqtt'],
    ['ldap', 'ldap'],
    ['tftp', 'tftp'],
    ['finger', 'finger'],
    ['rtsp', 'rtsp'],
    ['modbus', 'modbus'],
    ['bacnet', 'bacnet'],
    ['fins', 'fins'],
    ['pcworx', 'pcworx'],
    ['niagara-fox', 'niagara'],
    ['crestron-ctp', 'crestron'],
    ['dicom', 'medical'],
    ['hl7-mlp', 'medical'],
    ['upnp', 'upnp'],
    ['svrloc', 'slp'],
    ['mdns', 'mdns'],
    ['coap', 'coap'],
    ['socks5', 'socks'],
    ['pptp', 'pptp'],
    ['ssh', undefined],
    ['smtp', undefined],
    ['domain', undefined],
    ['ntp', undefined],
    ['nlockmgr', undefined],
  ])('what nmap calls %s is %s', ([name, id]) => {
    expect(found(port(12_345, probed(name))).map((line) => line.split(' ', 1)[0])).toEqual(id === undefined ? [] : [`nmap-service-${id}`]);
  });

  test('TLS hides what is said from others, and nothing from whoever reaches the service', () => {
    const overTls = (name: string): string[] => found(port(12_345, probed(name, 'tunnel="ssl"')));
    expect(overTls('ms-wbt-server')).toEqual(['nmap-service-rdp 47: Remote Desktop is reachable (ssl/ms-wbt-server)']);
    expect(['vnc', 'wsman', 'postgresql', 'etcd-client'].flatMap(overTls)).toHaveLength(4);
    expect(['telnet', 'ftp', 'ldap', 'mqtt', 'docker'].flatMap(overTls)).toEqual([]);
    const kubernetes = '<service name="http" product="Kubernetes apiserver httpd" tunnel="ssl" method="probed" conf="10"/>';
    expect(found(port(6443, kubernetes))).toEqual(['nmap-service-kubernetes 47: API of Kubernetes, kubelet is reachable (https)']);
  });

  test.for([
    ['Elasticsearch REST API', 'nmap-service-elasticsearch 47: Elasticsearch is reachable (http)'],
    ['CouchDB httpd', 'nmap-service-couchdb 47: CouchDB is reachable (http)'],
    ['InfluxDB http admin', 'nmap-service-influxdb 47: InfluxDB is reachable (http)'],
    ['MongoDB http console', 'nmap-service-mongodb 47: MongoDB is reachable (http)'],
    ['Kubernetes master node httpd', 'nmap-service-kubernetes 47: API of Kubernetes, kubelet is reachable (http)'],
    ['Jenkins httpd', 'nmap-service-jenkins 47: Jenkins is reachable (http)'],
    ['MiniServ', 'nmap-service-webmin 47: Webmin is reachable (http)'],
    ['Apache Solr', 'nmap-service-solr 47: Apache Solr is reachable (http)'],
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

test('a banner of masscan is an answer, a number alone is none', () => {
  const found = (service: string): readonly string[] =>
    eventsOf(
      `<nmaprun scanner="masscan" start="1760000000"><host endtime="1760000000"><address addr="192.0.2.7" addrtype="ipv4"/><ports><port protocol="tcp" portid="6379"><state state="open"/>${service}</port></ports></host></nmaprun>`,
    ).flatMap((event) => (event.dataset === 'nmap.finding' ? [event.message] : []));
  expect(found('')).toEqual(['192.0.2.7 6379/tcp: Redis may be reachable, a guess from the number of the port [low]']);
  expect(found('<service name="http" banner="HTTP/1.0 200 OK"/>')).toEqual([]);
  expect(found('<service name="vnc" banner="RFB 003.008"/>')).toEqual(['192.0.2.7 6379/tcp: VNC is reachable [medium]']);
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
