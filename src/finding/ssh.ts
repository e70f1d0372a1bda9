import { SEVERITY } from '../event/event.ts';
import { type Check, checked, type Finding, type Rule } from './finding.ts';
import { scriptOf } from './script.ts';
import { tableNamed, valuesIn } from '../nmap/script-items.ts';
import { listed } from './listed.ts';

const SCRIPT = 'ssh2-enum-algos';

const WEAK: Rule = {
  id: 'nmap-ssh-weak-algorithms',
  name: 'SSH offers weak algorithms',
  category: 'encryption',
  severity: SEVERITY.low,
  why: 'Key exchange with SHA-1 or 1024 bits, RC4, DES, CBC with weak checksums and DSA keys are deprecated (RFC 9142, RFC 8758); the traffic of a client that accepts them may be decrypted.',
  remedy: 'Leave them out of KexAlgorithms, HostKeyAlgorithms, Ciphers and MACs; a current OpenSSH has left them out by itself.',
  references: ['https://www.rfc-editor.org/rfc/rfc9142', 'https://nmap.org/nsedoc/scripts/ssh2-enum-algos.html'],
};

const WEAK_BY_LIST: Readonly<Record<string, RegExp>> = {
  kex_algorithms: /^diffie-hellman-group1-sha1$|^diffie-hellman-group-exchange-sha1$|^rsa1024-sha1$/,
  server_host_key_algorithms: /^ssh-dss/,
  encryption_algorithms: /^(?:arcfour|des|3des|blowfish|cast128|rc2|none)/,
  mac_algorithms: /^(?:hmac-md5|hmac-sha1-96|none)/,
};

/** Algorithms that the server offers, by `ssh2-enum-algos`. */
export const sshAlgorithms: Check = {
  rules: [WEAK],
  needsScripts: true,
  find(subject) {
    const script = scriptOf(subject, SCRIPT);
    if (script === undefined) return [];
    const weak = Object.entries(WEAK_BY_LIST).flatMap(([list, pattern]) =>
      valuesIn(tableNamed(script.items, list)).filter((name) => pattern.test(name)),
    );
    const found: Finding[] = weak.length === 0 ? [] : [checked(WEAK, SCRIPT, `weak SSH algorithms are offered: ${listed(weak)}`)];
    return found;
  },
};
