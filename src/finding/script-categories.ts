const DEFAULT = ['default', 'safe'];
const DEFAULT_DISCOVERY = [...DEFAULT, 'discovery'];
const DISCOVERY = ['discovery', 'safe'];

/** Categories of the scripts that checks read, as in scripts/script.db of nmap 7.93. */
const CATEGORIES: ReadonlyMap<string, readonly string[]> = new Map([
  ['docker-version', ['version']],
  ['ftp-anon', [...DEFAULT, 'auth']],
  ['http-default-accounts', ['auth', 'discovery', 'intrusive']],
  ['memcached-info', DISCOVERY],
  ['mongodb-databases', DEFAULT_DISCOVERY],
  ['mongodb-info', DEFAULT_DISCOVERY],
  ['nfs-showmount', DISCOVERY],
  ['redis-info', DISCOVERY],
  ['rsync-list-modules', DISCOVERY],
  ['smb-protocols', DISCOVERY],
  ['smb-security-mode', DEFAULT_DISCOVERY],
  ['smb2-security-mode', DEFAULT_DISCOVERY],
  ['snmp-sysdescr', DEFAULT_DISCOVERY],
  ['ssh2-enum-algos', DISCOVERY],
  ['ssl-cert', DEFAULT_DISCOVERY],
  ['ssl-enum-ciphers', ['discovery', 'intrusive']],
  ['sslv2', DEFAULT],
  ['telnet-encryption', DISCOVERY],
  ['vnc-info', DEFAULT_DISCOVERY],
  ['vulners', ['external', 'safe', 'vuln']],
  ['x11-access', [...DEFAULT, 'auth']],
]);

/** Other scripts of the category `vuln` whose names do not say it. */
const VULN = new Set(
  `
  broadcast-avahi-dos clamav-exec distcc-cve2004-2687 dns-update firewall-bypass ftp-libopie ftp-proftpd-backdoor
  ftp-vsftpd-backdoor http-adobe-coldfusion-apsa1301 http-aspnet-debug http-avaya-ipoffice-users http-awstatstotals-exec
  http-axis2-dir-traversal http-cookie-flags http-cross-domain-policy http-csrf http-dlink-backdoor http-dombased-xss http-enum
  http-fileupload-exploiter http-frontpage-login http-git http-internal-ip-disclosure http-jsonp-detection
  http-litespeed-sourcecode-download http-majordomo2-dir-traversal http-method-tamper http-passwd http-phpmyadmin-dir-traversal
  http-phpself-xss http-shellshock http-slowloris-check http-sql-injection http-stored-xss http-tplink-dir-traversal http-trace
  http-wordpress-users ipmi-cipher-zero irc-botnet-channels irc-unrealircd-backdoor netbus-auth-bypass puppet-naivesigning
  qconn-exec realvnc-auth-bypass smb-double-pulsar-backdoor ssl-ccs-injection ssl-cert-intaddr ssl-dh-params ssl-heartbleed
  ssl-known-key ssl-poodle sslv2-drown supermicro-ipmi-conf tls-ticketbleed wdb-version
  `
    .trim()
    .split(/\s+/),
);

/** The categories that a script belongs to, as far as they are known. */
export function categoriesOf(id: string): readonly string[] {
  return CATEGORIES.get(id) ?? (VULN.has(id) || /-vuln(?:-|$)/.test(id) ? ['vuln'] : []);
}
