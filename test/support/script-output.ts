/* What nmap 7.93 writes for ports and scripts, as XML. */

export const port = (id: number, service: string, scripts = '', protocol = 'tcp', state = 'open'): string =>
  `<port protocol="${protocol}" portid="${id}"><state state="${state}"/>${service}${scripts}</port>`;
export const probed = (name: string, more = ''): string => `<service name="${name}" method="probed" conf="10" ${more}/>`;
export const https = (scripts: string): string => port(8443, probed('http', 'tunnel="ssl"'), scripts);
export const elem = (key: string, value: string): string => `<elem key="${key}">${value}</elem>`;

/** What `ssl-cert` of nmap 7.93 writes for a certificate. */
export function certificate({
  subject = 'www.example.net',
  issuer = 'Example CA',
  from = '2025-01-01T00:00:00',
  until = '2026-09-01T00:00:00',
  bits = '2048',
  key = 'rsa',
  signature = 'sha256WithRSAEncryption',
  names = '',
  sha1 = 'aa',
} = {}): string {
  const san =
    names === '' ? '' : `<table key="extensions"><table>${elem('name', 'X509v3 Subject Alternative Name')}${elem('value', names)}</table></table>`;
  return `<script id="ssl-cert" output="Subject: commonName=${subject}"><table key="subject">${elem('commonName', subject)}</table><table key="issuer">${elem('commonName', issuer)}</table><table key="pubkey">${elem('type', key)}${elem('bits', bits)}</table>${san}${elem('sig_algo', signature)}<table key="validity">${elem('notBefore', from)}${elem('notAfter', until)}</table>${elem('sha1', sha1)}</script>`;
}

/** What `ssh-hostkey` of nmap 7.93 writes: keys by their types, `[type, base64]`. */
export const hostKeys = (...keys: readonly (readonly [type: string, key: string])[]): string =>
  said(
    'ssh-hostkey',
    'x',
    keys
      .map(([type, key]) => `<table>${elem('fingerprint', 'd'.repeat(32))}${elem('type', type)}${elem('bits', '256')}${elem('key', key)}</table>`)
      .join(''),
  );

export const said = (id: string, output: string, inside = ''): string => `<script id="${id}" output="${output}">${inside}</script>`;
export const accounts = (credentials: string): string =>
  `<table key="Nagios">${elem('cpe', 'cpe:/a:nagios:nagios')}${elem('path', '/')}<table key="credentials">${credentials}</table></table>`;
export const ciphers = (...protocols: readonly (readonly [string, ...string[]])[]): string =>
  said(
    'ssl-enum-ciphers',
    'x',
    protocols
      .map(
        ([name, ...list]) =>
          `<table key="${name}"><table key="ciphers">${list.map((cipher) => `<table>${elem('name', cipher)}${elem('strength', 'A')}</table>`).join('')}</table></table>`,
      )
      .join(''),
  );
export const algorithms = (kex: string, key: string, cipher: string, mac: string): string =>
  said(
    'ssh2-enum-algos',
    'x',
    ['kex_algorithms', 'server_host_key_algorithms', 'encryption_algorithms', 'mac_algorithms']
      .map((list, i) => `<table key="${list}"><elem>${[kex, key, cipher, mac][i]}</elem></table>`)
      .join(''),
  );
export const vulnerable = (id: string, state: string, more = ''): string =>
  said(
    id,
    'x',
    `<table key="CVE-2017-0143">${elem('title', 'Remote code execution in SMBv1')}${elem('state', state)}<table key="ids"><elem>CVE:CVE-2017-0143</elem></table>${more}<table key="refs"><elem>https://example.net/a</elem></table></table>`,
  );
export const vulners = (...rows: readonly (readonly [id: string, cvss: string, exploit: string])[]): string =>
  said(
    'vulners',
    'x',
    `<table key="cpe:/a:openbsd:openssh:7.4">${rows.map(([id, cvss, exploit]) => `<table>${elem('cvss', cvss)}${elem('id', id)}${elem('is_exploit', exploit)}${elem('type', 'cve')}</table>`).join('')}</table>`,
  );
