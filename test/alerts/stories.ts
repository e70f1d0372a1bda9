import { storyTime } from './story-time.ts';
import { certificate, ciphers, hostKeys, port, probed, said, vulnerable } from '../support/script-output.ts';
import { asked, named, type Story, type StoryHost, type StoryScan } from '../support/story.ts';

/** For each alert rule, scans that must make it fire, and scans much like them that must not. */
export interface RuleStories {
  readonly fires: Story;
  readonly silent: Story;
}

const WEB = asked(80, 'http', 'nginx', '1.26.0');
const LAN = '192.0.2.10';
const DMZ = '203.0.113.10';

/** A quiet network a fortnight ago, the same a week ago; yesterday, what the rule is about. */
function yesterday(ports: readonly string[], before: readonly string[] = [WEB], ip = LAN): Story {
  return [scan(14, [{ ip, ports: before }]), scan(7, [{ ip, ports: before }]), scan(1, [{ ip, ports }])];
}

function scan(daysAgo: number, hosts: readonly StoryHost[], more: Omit<StoryScan, 'daysAgo' | 'hosts'> = {}): StoryScan {
  return { daysAgo, hosts, ...more };
}

const https = (scripts: string): string => port(443, probed('http', 'tunnel="ssl"'), scripts);
/** An SSH server with these keys. */
const sshd = (ed25519: string, ecdsa?: string): string =>
  port(22, probed('ssh'), hostKeys(['ssh-ed25519', ed25519], ...(ecdsa === undefined ? [] : [['ecdsa-sha2-nistp256', ecdsa] as const])));
const year = (years: number): string => `${new Date().getUTCFullYear() + years}-06-01T00:00:00`;
const many = (count: number): readonly string[] => Array.from({ length: count }, (_, i) => named(8000 + i * 3, 'http-alt'));
const LISTED = { options: 'nmap -v -sV -p 1-10000' };

/** By the id of the rule. */
export const STORIES: Readonly<Record<string, RuleStories>> = {
  // What the exposure file names may open.
  'new-open-port': {
    fires: yesterday([WEB, named(7777, 'cbt')]),
    silent: yesterday([WEB, named(443, 'https'), named(7777, 'cbt')], [WEB, named(7777, 'cbt')]),
  },
  'port-reopened': {
    fires: [scan(21, [{ ip: LAN, ports: [WEB, named(7777, 'cbt')] }]), ...yesterday([WEB, named(7777, 'cbt')])],
    silent: [scan(21, [{ ip: LAN, ports: [WEB, named(443, 'https')] }]), ...yesterday([WEB, named(443, 'https'), named(7777, 'cbt')])],
  },
  'expected-port-closed': {
    fires: yesterday([], [WEB]),
    silent: yesterday([WEB], [WEB, named(7777, 'cbt')]),
  },
  'new-host': {
    fires: [
      scan(14, [{ ip: LAN, ports: [WEB] }]),
      scan(1, [
        { ip: LAN, ports: [WEB] },
        { ip: '192.0.2.11', mac: '52:54:00:00:00:01', ports: [WEB] },
      ]),
    ],
    silent: yesterday([WEB, named(7777, 'cbt')]),
  },
  'host-missing': {
    fires: [
      scan(
        14,
        [
          { ip: LAN, ports: [WEB] },
          { ip: '192.0.2.11', ports: [WEB] },
        ],
        LISTED,
      ),
      scan(
        1,
        [
          { ip: LAN, ports: [WEB] },
          { ip: '192.0.2.11', down: true },
        ],
        LISTED,
      ),
    ],
    // Without -v nmap lists no host that is down: nothing follows from its absence.
    silent: [
      scan(14, [
        { ip: LAN, ports: [WEB] },
        { ip: '192.0.2.11', ports: [WEB] },
      ]),
      scan(1, [{ ip: LAN, ports: [WEB] }], { targets: LAN }),
    ],
  },
  'service-changed': { fires: yesterday([asked(80, 'http', 'nginx', '1.27.1')]), silent: yesterday([WEB]) },
  'os-or-mac-changed': {
    fires: [scan(14, [{ ip: LAN, mac: '52:54:00:00:00:01', ports: [WEB] }]), scan(1, [{ ip: LAN, mac: '52:54:00:00:00:02', ports: [WEB] }])],
    silent: [scan(14, [{ ip: LAN, mac: '52:54:00:00:00:01', ports: [WEB] }]), scan(1, [{ ip: LAN, mac: '52:54:00:00:00:01', ports: [WEB] }])],
  },
  'host-key-changed': {
    fires: yesterday(
      [sshd('AAAAC3NzaC1lZDI1NTE5AAAAIGdv', 'AAAAE2VjZHNhLXNoYTItbmlzd')],
      [sshd('AAAAC3NzaC1lZDI1NTE5AAAAIHdv', 'AAAAE2VjZHNhLXNoYTItbmlzd')],
    ),
    silent: [...yesterday([sshd('AAAAC3NzaC1lZDI1NTE5AAAAIGdv', 'AAAAE2VjZHNhLXNoYTItbmlzd')], [sshd('AAAAC3NzaC1lZDI1NTE5AAAAIGdv')])],
  },
  'certificate-changed': {
    fires: yesterday([https(certificate({ until: year(3), sha1: 'bb' }))], [https(certificate({ until: year(2) }))]),
    silent: yesterday([WEB, https(certificate({ until: year(2) }))], [https(certificate({ until: year(2) }))]),
  },
  'cleartext-administration': {
    fires: yesterday([WEB, asked(23, 'telnet')]),
    silent: yesterday([WEB, asked(22, 'ssh', 'OpenSSH', '9.9'), named(23, 'telnet')]),
  },
  'remote-administration-external': {
    fires: yesterday([WEB, asked(3389, 'ms-wbt-server'), asked(22, 'ssh', 'OpenSSH', '9.9')], [WEB], DMZ),
    // Inside; and outside where only the number of the port says so.
    silent: [
      ...yesterday([WEB, asked(3389, 'ms-wbt-server'), asked(22, 'ssh', 'OpenSSH', '9.9')]),
      ...yesterday([WEB, named(3389, 'ms-wbt-server'), named(22, 'ssh')], [WEB], DMZ),
    ].sort((a, b) => b.daysAgo - a.daysAgo),
  },
  'database-exposed': { fires: yesterday([WEB, asked(5432, 'postgresql')]), silent: yesterday([WEB, asked(5432, 'http'), named(6379, 'redis')]) },
  // Among very many changes: what is critical is told beside them.
  'management-api-exposed': { fires: yesterday([WEB, asked(2375, 'docker'), ...many(12)]), silent: yesterday([WEB, named(2375, 'docker')]) },
  'industrial-protocol-exposed': { fires: yesterday([WEB, asked(502, 'modbus')]), silent: yesterday([WEB, named(502, 'mbap')]) },
  'file-sharing-exposed': { fires: yesterday([WEB, asked(445, 'microsoft-ds')]), silent: yesterday([WEB, asked(445, 'microsoft-ds')], [WEB], DMZ) },
  'file-sharing-external': {
    fires: yesterday([WEB, asked(445, 'microsoft-ds')], [WEB], DMZ),
    // Inside; and outside where only the number of the port says so.
    silent: [...yesterday([WEB, asked(445, 'microsoft-ds')]), ...yesterday([WEB, named(445, 'microsoft-ds')], [WEB], DMZ)].sort(
      (a, b) => b.daysAgo - a.daysAgo,
    ),
  },
  'risky-service': { fires: yesterday([WEB, asked(1883, 'mqtt')]), silent: yesterday([WEB, named(1883, 'mqtt')]) },
  'risky-service-external': {
    fires: yesterday([WEB, asked(1883, 'mqtt')], [WEB], DMZ),
    silent: yesterday([WEB, asked(1883, 'mqtt')]),
  },
  'vulnerability-found': {
    fires: yesterday([asked(80, 'http', 'nginx', '1.26.0', vulnerable('http-vuln-x', 'VULNERABLE'))]),
    silent: yesterday([asked(80, 'http', 'nginx', '1.26.0', vulnerable('http-vuln-x', 'NOT VULNERABLE'))]),
  },
  'certificate-problem': {
    fires: yesterday([WEB, https(certificate({ until: year(-1) }))]),
    silent: yesterday([WEB, https(certificate({ until: year(2) }))]),
  },
  'weak-encryption': {
    fires: yesterday([WEB, https(ciphers(['TLSv1.0', 'TLS_RSA_WITH_AES_128_CBC_SHA']))]),
    silent: yesterday([WEB, https(ciphers(['TLSv1.3', 'TLS_AKE_WITH_AES_128_GCM_SHA256']))]),
  },
  'anonymous-access': {
    fires: yesterday([WEB, asked(21, 'ftp', 'vsftpd', '3.0.5', said('ftp-anon', 'Anonymous FTP login allowed (FTP code 230)'))]),
    silent: yesterday([WEB, asked(21, 'ftp', 'vsftpd', '3.0.5')]),
  },
  'exposure-unexpected': { fires: yesterday([WEB, named(7777, 'cbt')]), silent: yesterday([WEB, named(443, 'https')]) },
  'exposure-expired': { fires: yesterday([WEB, named(9090, 'zeus-admin')]), silent: yesterday([WEB, named(443, 'https')]) },
  'mass-change': { fires: yesterday([WEB, ...many(12)]), silent: yesterday([WEB, ...many(2)]) },
  'scope-shrank': {
    fires: [scan(14, [{ ip: LAN, ports: [WEB] }], { targets: '192.0.2.0/24' }), scan(1, [{ ip: LAN, ports: [WEB] }], { targets: '192.0.2.0/28' })],
    silent: [scan(14, [{ ip: LAN, ports: [WEB] }], { targets: '192.0.2.0/28' }), scan(1, [{ ip: LAN, ports: [WEB] }], { targets: '192.0.2.0/24' })],
  },
  'scan-failed': { fires: [scan(7, [{ ip: LAN, ports: [WEB] }]), scan(1, [], { end: 'failed' })], silent: yesterday([WEB]) },
  'scan-empty': {
    fires: [scan(7, [{ ip: LAN, ports: [WEB] }]), scan(1, [], { targets: 'nolonger.example' })],
    // Everything down is not nothing looked at.
    silent: [scan(7, [{ ip: LAN, ports: [WEB] }]), scan(1, [{ ip: LAN, down: true }], LISTED)],
  },
  // Nothing can be sent 26 hours ago: the clock of the question is moved instead.
  'scan-overdue': { fires: yesterday([WEB]), silent: yesterday([WEB]) },
  'scan-overdue-reported': { fires: [scan(14, [{ ip: LAN, ports: [WEB] }])], silent: [scan(14, [{ ip: LAN, ports: [WEB] }])] },
  'delivery-problem': { fires: yesterday([WEB]), silent: yesterday([WEB]) },
  // What the scans beside the file hold does not matter (`ship.ts`).
  'file-not-shipped': { fires: yesterday([WEB]), silent: yesterday([WEB]) },
  'absence-unknown': {
    fires: [
      scan(14, [
        { ip: LAN, ports: [WEB] },
        { ip: '192.0.2.11', ports: [WEB] },
      ]),
      scan(1, [{ ip: LAN, ports: [WEB] }]),
    ],
    // With -v nmap lists what is down.
    silent: [
      scan(
        14,
        [
          { ip: LAN, ports: [WEB] },
          { ip: '192.0.2.11', ports: [WEB] },
        ],
        LISTED,
      ),
      scan(
        1,
        [
          { ip: LAN, ports: [WEB] },
          { ip: '192.0.2.11', down: true },
        ],
        LISTED,
      ),
    ],
  },
  'scan-misdated': {
    fires: [scan(7, [{ ip: LAN, ports: [WEB] }]), scan(-30, [{ ip: LAN, ports: [WEB] }])],
    silent: yesterday([WEB]),
  },
};

/** Three weeks of a small company, for the dashboards. */
export const HEADQUARTERS: Story = [
  scan(21, company({}), LISTED),
  scan(14, company({}), LISTED),
  scan(7, company({ nginx: '1.27.1', telnet: false }), LISTED),
  scan(3, company({ nginx: '1.27.1', telnet: false }).slice(0, 2), { ...LISTED, end: 'cut' }),
  scan(1, company({ nginx: '1.27.1', telnet: false, news: true }), LISTED),
];

function company({ nginx = '1.26.0', telnet = true, news = false }): readonly StoryHost[] {
  const soon = new Date(storyTime() + 10 * 86_400_000).toISOString().slice(0, 19);
  return [
    {
      ip: '192.0.2.1',
      name: 'gateway.example.net',
      mac: '52:54:00:00:00:01',
      ports: [asked(22, 'ssh', 'OpenSSH', '9.9'), https(certificate({ subject: 'gateway.example.net', until: soon }))],
    },
    {
      ip: '203.0.113.10',
      name: 'www.example.net',
      ports: [asked(80, 'http', 'nginx', nginx), https(certificate({ until: year(1) }) + ciphers(['TLSv1.0', 'TLS_RSA_WITH_3DES_EDE_CBC_SHA']))],
    },
    { ip: '192.0.2.20', name: 'files.example.net', mac: '52:54:00:00:00:20', ports: [named(139, 'netbios-ssn'), asked(445, 'microsoft-ds')] },
    {
      ip: '192.0.2.30',
      name: 'db.example.net',
      mac: '52:54:00:00:00:30',
      ports: [
        asked(5432, 'postgresql', 'PostgreSQL DB', '16.4'),
        ...(news ? [asked(6379, 'redis', 'Redis key-value store', '7.0.15', said('redis-info', 'Version: 7.0.15'))] : []),
      ],
    },
    { ip: '192.0.2.40', name: 'printer.example.net', mac: '52:54:00:00:00:40', ports: [named(9100, 'jetdirect'), asked(631, 'ipp', 'CUPS', '2.4')] },
    { ip: '198.51.100.5', name: 'plc.example.net', ports: [asked(502, 'modbus')] },
    telnet
      ? { ip: '192.0.2.50', name: 'old.example.net', mac: '52:54:00:00:00:50', ports: [asked(23, 'telnet'), asked(80, 'http', 'thttpd', '2.25b')] }
      : { ip: '192.0.2.50', down: true },
    ...(news
      ? [
          { ip: '203.0.113.20', name: 'jump.example.net', ports: [asked(3389, 'ms-wbt-server', 'Microsoft Terminal Services')] },
          {
            ip: '192.0.2.60',
            name: 'nas.example.net',
            mac: '52:54:00:00:00:60',
            ports: [
              asked(445, 'microsoft-ds', 'Samba smbd', '4.6', vulnerable('smb-vuln-cve-2017-7494', 'VULNERABLE')),
              https(certificate({ until: year(-1) })),
            ],
          },
        ]
      : [
          { ip: '203.0.113.20', down: true },
          { ip: '192.0.2.60', down: true },
        ]),
  ];
}
