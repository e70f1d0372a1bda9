import { SEVERITY } from '../event/event.ts';
import { listed } from './listed.ts';
import { type Check, checked, type Finding, type Rule } from './finding.ts';
import { scriptOf } from './script.ts';
import { tableNamed, tables, valueOf } from '../nmap/script-items.ts';

const SCRIPT = 'ssl-enum-ciphers';
const REFERENCES = ['https://nmap.org/nsedoc/scripts/ssl-enum-ciphers.html', 'https://www.rfc-editor.org/rfc/rfc8996'];

const OLD_SSL: Rule = {
  id: 'nmap-tls-ssl',
  name: 'SSLv2 or SSLv3 is offered',
  category: 'encryption',
  severity: SEVERITY.high,
  why: 'Both are broken (DROWN, POODLE): the traffic can be decrypted.',
  remedy: 'Switch them off; TLS 1.2 and 1.3 are enough for every client of the last ten years.',
  references: ['https://www.rfc-editor.org/rfc/rfc6176', 'https://www.rfc-editor.org/rfc/rfc7568'],
};
const OLD_TLS: Rule = {
  id: 'nmap-tls-old',
  name: 'TLS 1.0 or 1.1 is offered',
  category: 'encryption',
  severity: SEVERITY.medium,
  why: 'They rest on MD5 and SHA-1, and were deprecated in 2021 (RFC 8996).',
  remedy: 'Switch them off, and leave TLS 1.2 and 1.3.',
  references: REFERENCES,
};
const WEAK_CIPHER: Rule = {
  id: 'nmap-tls-weak-cipher',
  name: 'Weak ciphers are offered',
  category: 'encryption',
  severity: SEVERITY.medium,
  why: 'Without encryption or authentication, with RC4, DES, export keys or NULL, the traffic can be read or changed.',
  remedy: 'Offer only what a current guide recommends (Mozilla: intermediate).',
  references: ['https://wiki.mozilla.org/Security/Server_Side_TLS', ...REFERENCES],
};
const WEAK_NAME = /NULL|_anon_|EXPORT|_RC4_|_DES_|_3DES_|_MD5$/;

/** Protocols and ciphers that the server offers, by `ssl-enum-ciphers`, and SSLv2 by `sslv2`. */
export const tlsProtocols: Check = {
  rules: [OLD_SSL, OLD_TLS, WEAK_CIPHER],
  needsScripts: true,
  find(subject) {
    const found: Finding[] = [];
    const sslv2 = scriptOf(subject, 'sslv2');
    if (/SSLv2 supported/.test(sslv2?.output ?? '')) found.push(checked(OLD_SSL, 'sslv2', 'SSLv2 is offered', { detail: 'SSLv2' }));
    const protocols = tables(scriptOf(subject, SCRIPT)?.items ?? []);
    const names = protocols.map(({ key = '' }) => key);
    if (names.includes('SSLv3')) found.push(checked(OLD_SSL, SCRIPT, 'SSLv3 is offered', { detail: 'SSLv3' }));
    const old = names.filter((name) => name === 'TLSv1.0' || name === 'TLSv1.1');
    if (old.length > 0) found.push(checked(OLD_TLS, SCRIPT, `${old.join(' and ')} ${old.length === 1 ? 'is' : 'are'} offered`));
    const ciphers = protocols.flatMap(({ items }) => tables(tableNamed(items, 'ciphers')).map((cipher) => valueOf(cipher.items, 'name') ?? ''));
    const weak = [...new Set(ciphers.filter((name) => WEAK_NAME.test(name)))];
    if (weak.length > 0) found.push(checked(WEAK_CIPHER, SCRIPT, `weak ciphers are offered: ${listed(weak)}`));
    return found;
  },
};
