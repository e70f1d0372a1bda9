import type { Script, ScriptItem } from '../nmap/model.ts';
import { tableNamed, valueOf } from '../nmap/script-items.ts';
import { type Fields, some } from './event.ts';
import { withCharacters } from './text-escapes.ts';

/**
 * ECS `tls.server` from nmap's `ssl-cert` script: subject, issuer, validity, key, hashes.
 * Structure of the script's tables: https://nmap.org/nsedoc/scripts/ssl-cert.html
 */
export function certificateFields(scripts: readonly Script[]): Fields | undefined {
  const script = scripts.find(({ id }) => id === 'ssl-cert');
  if (script === undefined || script.items.length === 0) return undefined;
  const { items } = script;
  const [subject, issuer, validity] = [tableNamed(items, 'subject'), tableNamed(items, 'issuer'), tableNamed(items, 'validity')];
  const dates = { not_before: date(valueOf(validity, 'notBefore')), not_after: date(valueOf(validity, 'notAfter')) };
  return {
    server: {
      subject: distinguishedName(subject),
      issuer: distinguishedName(issuer),
      ...dates,
      hash: {
        md5: valueOf(items, 'md5')?.toUpperCase(),
        sha1: valueOf(items, 'sha1')?.toUpperCase(),
        sha256: valueOf(items, 'sha256')?.toUpperCase(),
      },
      x509: { subject: nameFields(subject), issuer: nameFields(issuer), ...dates, ...keyFields(items) },
    },
  };
}

/** Key, signature, and the names that the certificate is for. */
function keyFields(items: readonly ScriptItem[]): Fields {
  const key = tableNamed(items, 'pubkey');
  return {
    public_key_algorithm: valueOf(key, 'type'),
    public_key_size: integer(valueOf(key, 'bits')),
    signature_algorithm: valueOf(items, 'sig_algo'),
    alternative_names: alternativeNames(items),
  };
}

function nameFields(items: readonly ScriptItem[]): Fields | undefined {
  if (items.length === 0) return undefined;
  return {
    common_name: list(items, 'commonName'),
    organization: list(items, 'organizationName'),
    organizational_unit: list(items, 'organizationalUnitName'),
    locality: list(items, 'localityName'),
    state_or_province: list(items, 'stateOrProvinceName'),
    country: list(items, 'countryName'),
    distinguished_name: distinguishedName(items),
  };
}

const SHORT: ReadonlyMap<string | undefined, string> = new Map([
  ['commonName', 'CN'],
  ['organizationName', 'O'],
  ['organizationalUnitName', 'OU'],
  ['localityName', 'L'],
  ['stateOrProvinceName', 'ST'],
  ['countryName', 'C'],
]);

/** A distinguished name in the order of the certificate, in the form of RFC 4514 without escapes. */
function distinguishedName(items: readonly ScriptItem[]): string | undefined {
  const parts = items.flatMap((item) => ('value' in item ? [`${SHORT.get(item.key) ?? item.key ?? ''}=${withCharacters(item.value)}`] : []));
  return parts.length === 0 ? undefined : parts.join(', ');
}

/** `DNS:example.net, IP Address:192.0.2.1` in the extension's text. */
function alternativeNames(items: readonly ScriptItem[]): readonly string[] | undefined {
  for (const extension of tableNamed(items, 'extensions')) {
    if (!('items' in extension) || valueOf(extension.items, 'name') !== 'X509v3 Subject Alternative Name') continue;
    const names = withCharacters(valueOf(extension.items, 'value') ?? '')
      .split(/,\s*/)
      .map((name) => name.replace(/^[A-Za-z ]+:/, ''));
    return some(names.filter((name) => name !== ''));
  }
  return undefined;
}

function list(items: readonly ScriptItem[], key: string): readonly string[] | undefined {
  const values = items.flatMap((item) => ('value' in item && item.key === key ? [withCharacters(item.value)] : []));
  return values.length === 0 ? undefined : values;
}

/** The script writes UTC without a zone: `2025-10-09T09:53:20`. */
function date(text: string | undefined): string | undefined {
  const match = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:Z|\+00:00)?$/.exec(text ?? '');
  if (match === null) return undefined;
  const time = Date.parse(`${match[1]}T${match[2]}Z`);
  return Number.isNaN(time) ? undefined : new Date(time).toISOString();
}

function integer(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}
