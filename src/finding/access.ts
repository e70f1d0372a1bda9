import { SEVERITY } from '../event/event.ts';
import type { Script } from '../nmap/model.ts';
import { type Check, checked, type Finding, type Rule } from './finding.ts';
import { scriptsOf } from './script.ts';
import { tableNamed, tables, valueOf } from '../nmap/script-items.ts';

/** A script that tests for open access, and how its output shows it. */
interface AccessTest {
  readonly script: string;
  readonly rule: Rule;
  readonly title: string;
  /** Whether the script's output shows open access. `args`: nmap's arguments. */
  readonly finds: (script: Script, args: string) => boolean;
}

const doc = (script: string): readonly string[] => [`https://nmap.org/nsedoc/scripts/${script}.html`];

function access(script: string, name: string, severity: number, why: string, remedy: string, title: string, finds: AccessTest['finds']): AccessTest {
  return {
    script,
    rule: { id: `nmap-access-${script}`, name, category: 'access', severity, why, remedy, references: doc(script) },
    title,
    finds,
  };
}

const says =
  (pattern: RegExp) =>
  (script: Script): boolean =>
    pattern.test(script.output ?? '');
const PASSWORD = 'Ask for a password, and let only those reach it who need it.';

/** Credentials in a table for each product; nmap with `-v` also lists products that none of them opened. */
function namesAnAccount({ items, output = '' }: Script): boolean {
  if (items.length > 0) return tables(items).some((product) => tables(tableNamed(product.items, 'credentials')).length > 0);
  return output.includes('credentials found -> ') || output.split('\n').some(isAccount);
}

/** `admin:1234`, in older versions `admin:1234 at /manager/html`, below `[Apache Tomcat] at /manager/html/`. */
function isAccount(line: string): boolean {
  const text = line.trim();
  return !/^[[(]/.test(text) && /^[^:]+:\S/.test(text);
}

/** `Security types:`, and below it a line with `None`. */
function listsNone(output: string): boolean {
  const [, ...below] = output.slice(Math.max(0, output.indexOf('Security types:'))).split('\n');
  return output.includes('Security types:') && below.some((line) => /^\s*None\b/.test(line));
}

const TESTS: readonly AccessTest[] = [
  access(
    'ftp-anon',
    'FTP without a password',
    SEVERITY.high,
    'Everyone can read what lies there, and often write.',
    'Switch anonymous access off, or serve public files over HTTPS.',
    'anonymous FTP is allowed',
    says(/Anonymous FTP login allowed/i),
  ),
  access(
    'http-default-accounts',
    'Default password',
    SEVERITY.critical,
    'The account that the manufacturer has set works: everyone knows its password.',
    'Set another password, and look who has used this one.',
    'an account with its default password works',
    namesAnAccount,
  ),
  access(
    'redis-info',
    'Redis without a password',
    SEVERITY.critical,
    'Everyone can read and write all keys, and from there often run programs.',
    PASSWORD,
    'Redis answers without a password',
    says(/Version:?\s+\d/i),
  ),
  access(
    'mongodb-info',
    'MongoDB answers without a password',
    SEVERITY.medium,
    'It gives information about itself without a login, often all of its data.',
    PASSWORD,
    'MongoDB answers without a password',
    says(/version\s*=/i),
  ),
  access(
    'mongodb-databases',
    'MongoDB without a password',
    SEVERITY.critical,
    'Everyone can read all databases.',
    PASSWORD,
    'MongoDB lists its databases without a password',
    says(/databases|totalSize/),
  ),
  access(
    'memcached-info',
    'memcached without a password',
    SEVERITY.high,
    'Everyone can read and write the cache, and abuse it for amplification attacks.',
    'Bind it to 127.0.0.1, or firewall it.',
    'memcached answers everyone',
    ({ output = '' }) => /^[ \t]*(?:Version|Process ID)/im.test(output) && !/^[ \t]*Authentication[ \t]*: yes[ \t]*$/im.test(output),
  ),
  access(
    'vnc-info',
    'VNC without a password',
    SEVERITY.critical,
    'Everyone sees the screen and has the keyboard.',
    PASSWORD,
    'VNC asks for no password',
    ({ output = '' }) => /\bNone \(1\)/.test(output) || listsNone(output),
  ),
  access(
    'x11-access',
    'X11 without a password',
    SEVERITY.critical,
    'Everyone sees the screen and reads the keyboard.',
    'Forward X11 over SSH instead.',
    'X11 lets everyone in',
    says(/access is granted/i),
  ),
  access(
    'snmp-sysdescr',
    'SNMP with the community "public"',
    SEVERITY.medium,
    'Everyone can read how the device is set up.',
    'Use SNMPv3, or another community and a filter.',
    'SNMP answers to the community "public"',
    // The script uses "public" unless its arguments give another community. `snmp-info` asks SNMPv3, which needs no community.
    ({ output = '' }, args) => output.trim() !== '' && !/\bcreds\.|\bsnmp-brute\b/.test(args),
  ),
  access(
    'nfs-showmount',
    'NFS exports for everyone',
    SEVERITY.high,
    'Everyone can mount what is exported to `*`.',
    'Export to the hosts that need it.',
    'NFS exports directories to everyone',
    says(/\s(?:\*|\(everyone\)|0\.0\.0\.0\/0)(?:\s|$)/m),
  ),
  access(
    'rsync-list-modules',
    'rsync without a password',
    SEVERITY.medium,
    'Everyone can list the modules, and read those without a password.',
    'Set `auth users` and `hosts allow` for each module.',
    'rsync lists its modules to everyone',
    says(/\S/),
  ),
  access(
    'docker-version',
    "Docker's API without a password",
    SEVERITY.critical,
    'Whoever can reach it is root on that host.',
    'Switch the TCP socket off, or demand client certificates.',
    'the API of Docker answers everyone',
    says(/version/i),
  ),
  access(
    'smb-security-mode',
    'SMB does not sign messages',
    SEVERITY.medium,
    'A man in the middle can relay a login to another server.',
    'Require signing.',
    'SMB message signing is disabled',
    ({ items, output = '' }) => (valueOf(items, 'message_signing') ?? output).match(/^disabled$|signing:? disabled/i) !== null,
  ),
  access(
    'smb2-security-mode',
    'SMB does not require signing',
    SEVERITY.low,
    'A man in the middle can relay a login to another server.',
    'Require signing.',
    'SMB message signing is not required',
    says(/not required/i),
  ),
  access(
    'smb-protocols',
    'SMBv1 is enabled',
    SEVERITY.high,
    'It has no effective protection; EternalBlue exploited it.',
    'Switch SMBv1 off.',
    'SMBv1 is enabled',
    says(/SMBv1/),
  ),
  access(
    'telnet-encryption',
    'Telnet without encryption',
    SEVERITY.high,
    'Passwords can be read by others.',
    'Use SSH.',
    'Telnet does not encrypt',
    says(/does not support encryption/i),
  ),
];

const BY_SCRIPT: ReadonlyMap<string | undefined, AccessTest> = new Map(TESTS.map((test) => [test.script, test]));

/** Access without a password, or with a default one, as scripts have tried. */
export const openAccess: Check = {
  rules: TESTS.map(({ rule }) => rule),
  needsScripts: true,
  find(subject) {
    const found: Finding[] = [];
    for (const script of scriptsOf(subject)) {
      const test = BY_SCRIPT.get(script.id);
      if (test?.finds(script, subject.run.args ?? '') === true) found.push(checked(test.rule, test.script, test.title));
    }
    return found;
  },
};
