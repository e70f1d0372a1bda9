import type { Script, ScriptItem, ScriptTable } from '../nmap/model.ts';
import { type Fields, some } from './event.ts';
import { withCharacters } from './text-escapes.ts';

/**
 * ECS `tls.server` from nmap's `ssl-cert` script: subject, issuer, validity, key, hashes.
 * Structure of the script's tables: https://nmap.org/nsedoc/scripts/ssl-cert.html
 */
export function certificateFields(scripts: readonly Script[]): Fields | undefined {
  const script = scripts.find(({ id }) => id === 'ssl-cert');
  if (script === undefined || script.items.length === 0) return undefined;
  const subject = table(script.items, 'subject');
  const issuer = table(script.items, 'issuer');
  const validity = table(script.items, 'validity');
  const key = table(script.items, 'pubkey');
  const notBefore = date(value(validity, 'notBefore'));
  const notAfter = date(value(validity, 'notAfter'));
  return {
    server: {
      subject: distinguishedName(subject),
      issuer: distinguishedName(issuer),
      not_before: notBefore,
      not_after: notAfter,
      hash: {
        md5: value(script.items, 'md5')?.toUpperCase(),
        sha1: value(script.items, 'sha1')?.toUpperCase(),
        sha256: value(script.items, 'sha256')?.toUpperCase(),
      },
      x509: {
        subject: nameFields(subject),
        issuer: nameFields(issuer),
        not_before: notBefore,
        not_after: notAfter,
        public_key_algorithm: value(key, 'type'),
        public_key_size: integer(value(key, 'bits')),
        signature_algorithm: value(script.items, 'sig_algo'),
        alternative_names: alternativeNames(script.items),
      },
    },
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
  for (const extension of table(items, 'extensions')) {
    if (!('items' in extension) || value(extension.items, 'name') !== 'X509v3 Subject Alternative Name') continue;
    const names = withCharacters(value(extension.items, 'value') ?? '')
      .split(/,\s*/)
      .map((name) => name.replace(/^[A-Za-z ]+:/, ''));
    return some(names.filter((name) => name !== ''));
  }
  return undefined;
}

function table(items: readonly ScriptItem[], key: string): readonly ScriptItem[] {
  return items.find((item): item is ScriptTable => 'items' in item && item.key === key)?.items ?? [];
}

function value(items: readonly ScriptItem[], key: string): string | undefined {
  for (const item of items) if ('value' in item && item.key === key) return item.value;
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
