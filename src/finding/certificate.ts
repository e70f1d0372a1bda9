import { certificateFields } from '../event/certificate.ts';
import { SEVERITY } from '../event/event.ts';
import { fieldAt, textAt } from '../event/text-at.ts';
import { type Check, checked, type Finding, type Rule, type Subject } from './finding.ts';
import { scriptOf } from './script.ts';

const DAY = 86_400_000;
const SCRIPT = 'ssl-cert';
const REFERENCES = ['https://nmap.org/nsedoc/scripts/ssl-cert.html'];

const rule = (id: string, name: string, severity: number, why: string, remedy: string): Rule => ({
  id: `nmap-certificate-${id}`,
  name,
  category: 'certificate',
  severity,
  why,
  remedy,
  references: REFERENCES,
});
const RENEW = 'Renew it, and find out why nobody was reminded.';
const EXPIRED = rule(
  'expired',
  'The certificate has expired',
  SEVERITY.high,
  'Clients refuse it, or users have learned to ignore the warning.',
  RENEW,
);
const EXPIRING = rule('expiring', 'The certificate expires soon', SEVERITY.medium, 'When it has expired, clients refuse it.', RENEW);
const NOT_YET = rule(
  'not-yet-valid',
  'The certificate is not valid yet',
  SEVERITY.medium,
  'Clients refuse it; often a clock is wrong.',
  "Check the server's clock, and the certificate's dates.",
);
const SELF_SIGNED = rule(
  'self-signed',
  'The certificate is self-signed',
  SEVERITY.low,
  'Clients cannot tell the server from an impostor.',
  'Use a certificate of an authority (CA) that the clients trust.',
);
const WEAK_KEY = rule(
  'weak-key',
  "The certificate's key is too short",
  SEVERITY.high,
  'RSA keys below 2048 bits and elliptic curves below 224 can be broken with enough effort (NIST SP 800-131A).',
  'Make a new key: RSA 2048 or more, or P-256.',
);
/**
 * Smallest acceptable key size in bits, by nmap's name of the algorithm. Keys that nmap calls `unknown` (Ed25519 with its 256 bits, RSA-PSS)
 * cannot be judged by size.
 */
const FEWEST_BITS: ReadonlyMap<string, number> = new Map([
  ['rsa', 2048],
  ['dsa', 2048],
  ['dh', 2048],
  ['ec', 224],
]);
const WEAK_SIGNATURE = rule(
  'weak-signature',
  'The certificate has a weak signature',
  SEVERITY.high,
  'Signatures with MD5 and SHA-1 can be forged.',
  'Have it signed with SHA-256.',
);
const NAME_MISMATCH = rule(
  'name-mismatch',
  'The certificate is for another name',
  SEVERITY.low,
  'Clients that use this name refuse it.',
  'Use a certificate with this name, or the name that is in it.',
);

/** Problems of the certificate in the output of `ssl-cert`, judged at the time of the scan. */
export const certificates: Check = {
  rules: [EXPIRED, EXPIRING, NOT_YET, SELF_SIGNED, WEAK_KEY, WEAK_SIGNATURE, NAME_MISMATCH],
  needsScripts: true,
  find(subject) {
    const script = scriptOf(subject, SCRIPT);
    const tls = script && certificateFields([script]);
    if (tls === undefined) return [];
    const server = (...path: string[]): string | undefined => textAt(tls, 'server', ...path);
    const subjectName = server('subject') ?? 'without a subject';
    const say: Say = (which, text, more = {}) => checked(which, SCRIPT, `${text} (${subjectName})`, more);
    const found = validity(server('not_before'), server('not_after'), subject.time, say);
    if (server('subject') !== undefined && server('subject') === server('issuer')) found.push(say(SELF_SIGNED, 'the certificate is self-signed'));
    const bits = fieldAt(tls, ['server', 'x509', 'public_key_size']);
    const algorithm = server('x509', 'public_key_algorithm') ?? '';
    if (typeof bits === 'number' && bits > 0 && bits < (FEWEST_BITS.get(algorithm) ?? 0))
      found.push(say(WEAK_KEY, `the certificate's ${algorithm} key has ${bits} bits`));
    const signature = server('x509', 'signature_algorithm') ?? '';
    if (/md5|md2|sha1(?!\d)/i.test(signature)) found.push(say(WEAK_SIGNATURE, `the certificate is signed with ${signature}`));
    const mismatch = wrongName(
      subject,
      fieldAt(tls, ['server', 'x509', 'alternative_names']),
      fieldAt(tls, ['server', 'x509', 'subject', 'common_name']),
    );
    if (mismatch !== undefined) found.push(say(NAME_MISMATCH, `the certificate is not for ${mismatch}`));
    return found;
  },
};

type Say = (rule: Rule, text: string, more?: Partial<Pick<Finding, 'severity' | 'due'>>) => Finding;

function validity(notBefore: string | undefined, notAfter: string | undefined, time: number, say: Say): Finding[] {
  const [from, until] = [Date.parse(notBefore ?? ''), Date.parse(notAfter ?? '')];
  if (from > time) return [say(NOT_YET, `the certificate is valid from ${notBefore?.slice(0, 10)}`)];
  const days = Math.floor((until - time) / DAY);
  if (until <= time) return [say(EXPIRED, `the certificate expired on ${notAfter?.slice(0, 10)}`)];
  if (days >= 30 || Number.isNaN(days)) return [];
  const severity = days < 7 ? SEVERITY.high : days < 14 ? SEVERITY.medium : SEVERITY.low;
  const due = new Date(until).toISOString().slice(0, 10);
  // Without the number of days, so that the title stays the same each night.
  return [say(EXPIRING, `the certificate expires on ${due}`, { severity, due })];
}

/** The host name given to nmap, when the certificate does not cover it (RFC 6125 wildcards). */
function wrongName({ host }: Subject, alternative: unknown, common: unknown): string | undefined {
  const name = host.hostnames.find(({ type }) => type === 'user')?.name?.toLowerCase();
  const names = [alternative, common].find((list): list is readonly string[] => Array.isArray(list) && list.length > 0);
  if (name === undefined || names === undefined) return undefined;
  const fits = names.some((pattern) => {
    const lower = pattern.toLowerCase();
    return lower === name || (lower.startsWith('*.') && name.slice(name.indexOf('.')) === lower.slice(1));
  });
  return fits ? undefined : name;
}
