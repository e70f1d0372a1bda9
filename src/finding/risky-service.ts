import type { Rule, RuleCategory } from './finding.ts';

/** A kind of service that should not be reachable by everyone. */
export interface RiskyService extends Rule {
  /** Registered or usual ports, `22/tcp`; empty where other services use the port, too. */
  readonly ports: readonly string[];
  /** nmap's service name; with version detection (`-sV`) this decides, not the port number. */
  readonly services: RegExp;
  /** Products over HTTP, which nmap calls `http` with the name in `product`. */
  readonly products?: RegExp | undefined;
  /** Its web server is Go's, which nmap calls `Golang net/http server` whatever the product. */
  readonly isGo?: boolean;
  /** Severity where everyone can reach it. */
  readonly external: number;
  /** With TLS it is no risk, as for all of the category `cleartext`. */
  readonly curedByTls?: boolean;
}

const ONLY = 'Let only those reach it who need it (a firewall, a VPN), or bind it to 127.0.0.1.';

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
  activemq: 'https://activemq.apache.org/components/classic/documentation/security',
  ajp: 'https://nvd.nist.gov/vuln/detail/CVE-2020-1938',
  slp: 'https://nvd.nist.gov/vuln/detail/CVE-2023-29552',
  small: 'https://www.rfc-editor.org/rfc/rfc864',
  jenkins: 'https://www.jenkins.io/doc/book/security/',
  hadoop: 'https://hadoop.apache.org/docs/stable/hadoop-project-dist/hadoop-common/SecureMode.html',
  distcc: 'https://www.distcc.org/security.html',
  adb: 'https://developer.android.com/tools/adb',
};

/** Rules outside of `cleartext` whose risk TLS removes; Docker then asks for a certificate. */
const CURED_BY_TLS = new Set(['ldap', 'mqtt', 'docker']);

const IN_GO = new Set(['docker', 'kubernetes', 'etcd', 'consul', 'influxdb']);

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
  jenkins: /^Jenkins\b/,
  hadoop: /^Hadoop\b/,
  solr: /^Apache Solr\b/,
  neo4j: /^Neo4j\b/,
  clickhouse: /^ClickHouse\b/,
  webmin: /^(?:MiniServ|Webmin)\b/,
};

export function risky(
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
    ports: ports === '' ? [] : ports.split(' '),
    services,
    products: PRODUCTS[id],
    curedByTls: CURED_BY_TLS.has(id),
    isGo: IN_GO.has(id),
  };
}
