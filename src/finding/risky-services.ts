import { SEVERITY } from '../event/event.ts';
import type { Rule, RuleCategory } from './finding.ts';

/** A kind of service that should not be reachable by everyone. */
export interface RiskyService extends Rule {
  /** `22/tcp`: registered or usual ports. */
  readonly ports: readonly string[];
  /** nmap's service name; with version detection (`-sV`) this decides, not the port number. */
  readonly services: RegExp;
  /** Products over HTTP, which nmap calls `http` with the name in `product`. */
  readonly products?: RegExp | undefined;
  /** Severity where everyone can reach it. */
  readonly external: number;
  /** Over TLS it is no risk, as all of the category `cleartext`. */
  readonly curedByTls?: boolean;
}

const { low, medium, high, critical } = SEVERITY;
const CLEAR = 'It sends passwords and all else in clear text.';
const ADMIN = 'Who guesses a password here, or finds a hole, has the machine.';
const DATA = 'A database belongs to the programs that use it; reachable by everyone, its passwords are guessed and its holes are used.';
const CACHE = 'It is made for trusted networks: often it asks for no password at all.';
const ORCHESTRATION = 'Who may use it runs programs on every machine behind it.';
const INDUSTRIAL = 'It moves machines, and has no passwords: who reaches it may give orders.';
const FILES = 'Files are read, and in the worst case encrypted, from outside.';
const ONLY = 'Let only those reach it who need it (a firewall, a VPN), or bind it to 127.0.0.1.';
const SSH = 'Use SSH instead, and switch it off.';

/** CWE: why such a service should not be reachable. */
const EXPOSED = 'https://cwe.mitre.org/data/definitions/668.html';
const BY_CATEGORY: Partial<Readonly<Record<RuleCategory, string>>> = {
  'cleartext': 'https://cwe.mitre.org/data/definitions/319.html',
  'remote-administration': 'https://attack.mitre.org/techniques/T1133/',
  'file-sharing': 'https://attack.mitre.org/techniques/T1135/',
  'database': 'https://attack.mitre.org/techniques/T1190/',
  'management-api': 'https://attack.mitre.org/techniques/T1610/',
  'messaging': 'https://cwe.mitre.org/data/definitions/306.html',
  'industrial': 'https://attack.mitre.org/techniques/T0883/',
};
/** Security documentation of the vendor, by rule id. */
const REFERENCES: Readonly<Record<string, string>> = {
  snmp: 'https://www.rfc-editor.org/rfc/rfc3414',
  tftp: 'https://www.rfc-editor.org/rfc/rfc1350',
  winrm: 'https://learn.microsoft.com/en-us/windows/win32/winrm/authentication-for-remote-connections',
  mysql: 'https://dev.mysql.com/doc/refman/8.4/en/security-guidelines.html',
  postgresql: 'https://www.postgresql.org/docs/current/auth-pg-hba-conf.html',
  mongodb: 'https://www.mongodb.com/docs/manual/administration/security-checklist/',
  redis: 'https://redis.io/docs/latest/operate/oss_and_stack/management/security/',
  elasticsearch: 'https://www.elastic.co/docs/deploy-manage/security',
  cassandra: 'https://cassandra.apache.org/doc/latest/cassandra/managing/operating/security.html',
  couchdb: 'https://docs.couchdb.org/en/stable/intro/security.html',
  ldap: 'https://www.rfc-editor.org/rfc/rfc4513',
  docker: 'https://docs.docker.com/engine/security/protect-access/',
  kubernetes: 'https://kubernetes.io/docs/concepts/security/controlling-access/',
  etcd: 'https://etcd.io/docs/latest/op-guide/security/',
  consul: 'https://developer.hashicorp.com/consul/docs/security',
  mqtt: 'https://mosquitto.org/documentation/authentication-methods/',
  kafka: 'https://kafka.apache.org/documentation/#security',
  rabbitmq: 'https://www.rabbitmq.com/docs/production-checklist',
};

/** Besides clear text; Docker asks for a certificate then. */
const CURED_BY_TLS = new Set(['ldap', 'mqtt', 'docker']);

/** Product names of nmap-service-probes, by rule id. */
const PRODUCTS: Readonly<Record<string, RegExp>> = {
  elasticsearch: /^Elasticsearch REST API/,
  couchdb: /^CouchDB /,
  influxdb: /^InfluxDB /,
  mongodb: /^MongoDB /,
  kubernetes: /^Kubernetes /,
  docker: /^Docker(?! Registry)/,
  consul: /^(?:HashiCorp )?Consul\b/,
  etcd: /^etcd\b/,
};

function risky(
  category: RuleCategory,
  id: string,
  name: string,
  ports: string,
  services: RegExp,
  [severity, external]: readonly [number, number],
  why: string,
  remedy = ONLY,
): RiskyService {
  return {
    id: `nmap-service-${id}`,
    name,
    category,
    severity,
    external,
    why,
    remedy,
    references: [REFERENCES[id] ?? BY_CATEGORY[category] ?? EXPOSED, ...(REFERENCES[id] === undefined ? [] : [BY_CATEGORY[category] ?? EXPOSED])],
    ports: ports.split(' '),
    services,
    products: PRODUCTS[id],
    curedByTls: CURED_BY_TLS.has(id),
  };
}

/** The catalogue: those that matter most. */
export const RISKY_SERVICES: readonly RiskyService[] = [
  // Clear text and legacy
  risky('cleartext', 'telnet', 'Telnet', '23/tcp', /^telnets?$/, [high, critical], CLEAR, SSH),
  risky('cleartext', 'ftp', 'FTP', '21/tcp', /^ftp$/, [low, medium], CLEAR, 'Use SFTP or HTTPS.'),
  risky('cleartext', 'tftp', 'TFTP', '69/udp', /^tftp$/, [medium, high], 'It has no passwords; configurations of devices lie there.'),
  risky(
    'cleartext',
    'rsh',
    'rsh, rlogin or rexec',
    '512/tcp 513/tcp 514/tcp',
    /^(?:exec|login|shell|rsh|rlogin|rexec)$/,
    [high, critical],
    `${CLEAR} Addresses count as passwords.`,
    SSH,
  ),
  risky('cleartext', 'finger', 'finger', '79/tcp', /^finger$/, [low, medium], 'It tells who works on the machine.', 'Switch it off.'),
  risky(
    'cleartext',
    'x11',
    'X11',
    '6000/tcp 6001/tcp 6002/tcp',
    /^x11$/i,
    [high, critical],
    'Who may use it sees the screen and reads the keyboard.',
    'Forward X11 over SSH.',
  ),
  // Remote administration and desktops
  risky('remote-administration', 'rdp', 'Remote Desktop', '3389/tcp', /^ms-wbt-server$/, [medium, high], ADMIN),
  risky('remote-administration', 'vnc', 'VNC', '5900/tcp 5901/tcp 5902/tcp', /^vnc(?:-http)?$/, [medium, high], ADMIN),
  risky('remote-administration', 'winrm', 'WinRM', '5985/tcp 5986/tcp', /^wsmans?$/, [medium, high], ADMIN),
  risky('remote-administration', 'msrpc', 'Microsoft RPC', '135/tcp', /^msrpc$/, [low, high], ADMIN),
  risky(
    'remote-administration',
    'ipmi',
    'IPMI',
    '623/udp',
    /^(?:asf-rmcp|ipmi)$/,
    [high, critical],
    'It has power over the machine below its system, and gives hashes of passwords to whoever asks.',
  ),
  risky(
    'cleartext',
    'snmp',
    'SNMP',
    '161/udp',
    /^snmp$/,
    [medium, high],
    'Before version 3 the password is sent in clear text, and is "public" on many devices.',
  ),
  risky('remote-administration', 'radmin', 'Remote administration', '4899/tcp 5938/tcp', /^(?:radmin|teamviewer)$/, [medium, high], ADMIN),
  // File sharing and printing
  risky('file-sharing', 'smb', 'SMB', '445/tcp 139/tcp', /^(?:microsoft-ds|netbios-ssn)$/, [low, critical], FILES),
  risky('file-sharing', 'nfs', 'NFS', '2049/tcp 2049/udp', /^nfs(?:_acl)?$/, [medium, high], FILES),
  risky('file-sharing', 'afp', 'AFP', '548/tcp', /^afp$/, [low, high], FILES),
  risky('file-sharing', 'rsync', 'rsync', '873/tcp', /^rsync$/, [medium, high], FILES),
  risky('file-sharing', 'iscsi', 'iSCSI', '3260/tcp', /^iscsi$/, [medium, critical], 'Whole disks are mounted by whoever reaches it.'),
  risky(
    'other',
    'printing',
    'Printing',
    '515/tcp 631/tcp 9100/tcp',
    /^(?:printer|ipp|jetdirect)$/,
    [low, medium],
    'What is printed can be read, and the printer is a computer that nobody patches.',
  ),
  // Databases and caches
  risky('database', 'mysql', 'MySQL', '3306/tcp 33060/tcp', /^mysqlx?$/, [low, high], DATA),
  risky('database', 'postgresql', 'PostgreSQL', '5432/tcp', /^postgresql$/, [low, high], DATA),
  risky('database', 'mssql', 'Microsoft SQL Server', '1433/tcp 1434/udp', /^ms-sql-(?:s|m)$/, [low, high], DATA),
  risky('database', 'oracle', 'Oracle Database', '1521/tcp', /^oracle(?:-tns)?$/, [low, high], DATA),
  risky('database', 'mongodb', 'MongoDB', '27017/tcp 27018/tcp', /^mongod(?:b)?$/, [medium, critical], DATA),
  risky('database', 'redis', 'Redis', '6379/tcp', /^redis$/, [medium, critical], CACHE),
  risky('database', 'memcached', 'memcached', '11211/tcp 11211/udp', /^memcached?$/, [medium, critical], CACHE),
  risky('database', 'elasticsearch', 'Elasticsearch', '9200/tcp 9300/tcp', /^(?:elasticsearch|wap-wsp|vrace)$/, [medium, high], DATA),
  risky('database', 'cassandra', 'Cassandra', '9042/tcp 7000/tcp', /^cassandra(?:-native)?$/, [medium, high], DATA),
  risky('database', 'couchdb', 'CouchDB', '5984/tcp', /^couchdb$/, [medium, high], DATA),
  risky('database', 'influxdb', 'InfluxDB', '8086/tcp', /^influxdb$/, [medium, high], DATA),
  risky(
    'database',
    'ldap',
    'LDAP without TLS',
    '389/tcp',
    /^ldap$/,
    [low, high],
    `${CLEAR} The directory knows everybody.`,
    'Use LDAPS or StartTLS, inside only.',
  ),
  // Containers, orchestration, build
  risky(
    'management-api',
    'docker',
    'API of Docker',
    '2375/tcp 2376/tcp',
    /^docker(?:-s)?$/,
    [critical, critical],
    'Without TLS whoever reaches it is root.',
  ),
  risky(
    'management-api',
    'kubernetes',
    'API of Kubernetes, kubelet',
    '6443/tcp 10250/tcp 10255/tcp',
    /^(?:kubernetes|kubelet)$/,
    [medium, critical],
    ORCHESTRATION,
  ),
  risky('management-api', 'etcd', 'etcd', '2379/tcp 2380/tcp', /^etcd-(?:client|server)$/, [high, critical], 'All secrets of a cluster lie there.'),
  risky('management-api', 'consul', 'Consul', '8500/tcp', /^(?:consul|fmtp)$/, [medium, critical], ORCHESTRATION),
  risky(
    'management-api',
    'jmx',
    'Java RMI and debugging',
    '1099/tcp 8000/tcp',
    /^(?:java-rmi|rmiregistry|jdwp)$/,
    [medium, critical],
    'Who may use it runs programs there.',
  ),
  // Message buses
  risky('messaging', 'mqtt', 'MQTT without TLS', '1883/tcp', /^mqtt$/, [medium, high], CACHE),
  risky('messaging', 'kafka', 'Kafka, ZooKeeper', '9092/tcp 2181/tcp', /^(?:kafka|zookeeper|eforward|XmlIpcRegSvc)$/, [medium, high], CACHE),
  risky('messaging', 'rabbitmq', 'AMQP, Erlang', '5672/tcp 4369/tcp', /^(?:amqp|epmd)$/, [low, high], CACHE),
  // Industry, buildings, telephones
  risky('industrial', 'modbus', 'Modbus', '502/tcp', /^(?:modbus|mbap)$/, [high, critical], INDUSTRIAL),
  risky('industrial', 's7', 'Siemens S7', '102/tcp', /^iso-tsap$/, [high, critical], INDUSTRIAL),
  risky('industrial', 'bacnet', 'BACnet', '47808/udp', /^bacnet$/, [high, critical], INDUSTRIAL),
  risky('industrial', 'dnp3', 'DNP3', '20000/tcp', /^dnp3?$/, [high, critical], INDUSTRIAL),
  risky('industrial', 'ethernetip', 'EtherNet/IP', '44818/tcp 44818/udp', /^EtherNet\/?IP(?:-2)?$/i, [high, critical], INDUSTRIAL),
  risky('other', 'sip', 'SIP', '5060/tcp 5060/udp', /^sip$/, [low, medium], 'Calls are made at your cost, and listened to.'),
];
