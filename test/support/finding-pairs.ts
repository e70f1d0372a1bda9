import { accounts, algorithms, certificate, ciphers, elem, https, port, probed, said, vulnerable, vulners } from './script-output.ts';

/** What is found, and a twin of it that is not. */
export const PAIRS: readonly (readonly [what: string, there: string, found: readonly string[], not: string])[] = [
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
    'a self-signed one',
    https(certificate({ issuer: 'www.example.net' })),
    ['nmap-certificate-self-signed 21: the certificate is self-signed (CN=www.example.net)'],
    https(certificate()),
  ],
  [
    'a short key',
    https(certificate({ bits: '1024' })),
    ["nmap-certificate-weak-key 73: the certificate's rsa key has 1024 bits (CN=www.example.net)"],
    https(certificate({ key: 'ec', bits: '256' })),
  ],
  [
    'a short curve; what nmap calls unknown (Ed25519) is not short',
    https(certificate({ key: 'ec', bits: '192' })),
    ["nmap-certificate-weak-key 73: the certificate's ec key has 192 bits (CN=www.example.net)"],
    https(certificate({ key: 'unknown', bits: '256' })),
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
    ['nmap-tls-ssl 73: SSLv3 is offered', 'nmap-tls-old 47: TLSv1.0 and TLSv1.1 are offered'],
    https(ciphers(['TLSv1.2', 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256'], ['TLSv1.3', 'TLS_AKE_WITH_AES_256_GCM_SHA384'])),
  ],
  ['SSLv2', https(said('sslv2', '&#xa;  SSLv2 supported')), ['nmap-tls-ssl 73: SSLv2 is offered'], https(said('sslv2', 'false'))],
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
    'a default password, as nmap 7 writes it; with -v it lists also products that none opened',
    port(
      8080,
      '',
      said(
        'http-default-accounts',
        '&#xa;  [Cacti] at /&#xa;    admin:admin&#xa;  [Nagios] at /nagios/&#xa;    (no valid default credentials found)',
      ),
    ),
    ['nmap-access-http-default-accounts 99: an account with its default password works'],
    port(8080, '', said('http-default-accounts', '&#xa;  [Nagios] at /a:b/&#xa;    (no valid default credentials found)')),
  ],
  [
    'a default password in a table',
    port(8080, '', said('http-default-accounts', '&#xa;  x', accounts(`<table>${elem('username', 'admin')}${elem('password', '')}</table>`))),
    ['nmap-access-http-default-accounts 99: an account with its default password works'],
    port(8080, '', said('http-default-accounts', '&#xa;  [Nagios] at /&#xa;    (no valid default credentials found)', accounts(''))),
  ],
  [
    'a default password, as nmap 6 wrote it',
    port(8080, '', said('http-default-accounts', '[Cacti] credentials found -&gt; admin:admin Path:/cacti/')),
    ['nmap-access-http-default-accounts 99: an account with its default password works'],
    port(8080, '', said('http-default-accounts', 'false')),
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
    port(7005, probed('x'), said('snmp-sysdescr', 'Linux r1&#xa;  System uptime: 1h (360000 timeticks)'), 'udp'),
    ['nmap-access-snmp-sysdescr 47: SNMP answers to the community "public"'],
    // It asks SNMPv3, which needs no community.
    port(7005, probed('x'), said('snmp-info', '&#xa;  enterprise: net-snmp', elem('enterprise', 'net-snmp')), 'udp'),
  ],
  [
    'memcached as nmap 7 asks',
    port(7002, probed('x'), said('memcached-info', '&#xa;  Process ID: 18568&#xa;  Authentication: no'), 'udp'),
    ['nmap-access-memcached-info 73: memcached answers everyone'],
    port(7002, probed('x'), said('memcached-info', '&#xa;  Process ID: 18568&#xa;  Authentication: yes'), 'udp'),
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
    ['nmap-access-smb-protocols 73: SMBv1 is enabled'],
    port(7009, probed('x'), said('smb-protocols', '&#xa;  dialects:&#xa;    2.1')),
  ],
  [
    'Telnet that says so',
    port(7010, probed('x'), said('telnet-encryption', '&#xa;  Telnet server does not support encryption')),
    ['nmap-access-telnet-encryption 73: Telnet does not encrypt'],
    port(7010, probed('x'), said('telnet-encryption', '&#xa;  Telnet server supports encryption')),
  ],
];
