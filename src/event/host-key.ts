import { createHash } from 'node:crypto';
import type { Script, ScriptItem } from '../nmap/model.ts';
import { valueOf } from '../nmap/script-items.ts';

/** A public key by which an SSH server identifies itself. */
export interface HostKey {
  /** `ssh-ed25519` */
  readonly type: string;
  /** `SHA256:…` as `ssh` shows it, or `MD5:` and hexadecimal digits when the key itself is missing. */
  readonly fingerprint: string;
}

/** A server has one key of each type, and there are a dozen types. */
const MOST_KEYS = 16;
/** Of a SHA-256 in base64, without the padding. */
const DIGEST_CHARACTERS = 43;
const TYPE = /^[a-z][\w@.+-]{0,63}$/i;
const BASE64 = /^[A-Za-z0-9+/]{16,16384}={0,2}$/;
const MD5 = /^(?:[0-9a-f]{2}:?){15}[0-9a-f]{2}$/i;

/**
 * The host keys in the output of nmap's script `ssh-hostkey`, in the order of their types; one of each type, whatever the order in the file.
 * https://nmap.org/nsedoc/scripts/ssh-hostkey.html
 */
export function hostKeys(scripts: readonly Script[]): readonly HostKey[] {
  const script = scripts.find(({ id }) => id === 'ssh-hostkey');
  if (script === undefined) return [];
  const keys = script.items.flatMap((item) => ('items' in item ? keyOf(item.items) : [])).sort(byTypeAndFingerprint);
  return keys.filter(({ type }, i) => type !== keys[i - 1]?.type).slice(0, MOST_KEYS);
}

function keyOf(items: readonly ScriptItem[]): readonly HostKey[] {
  const [type = '', key = '', md5 = ''] = ['type', 'key', 'fingerprint'].map((name) => valueOf(items, name));
  if (!TYPE.test(type)) return [];
  if (BASE64.test(key)) return [{ type, fingerprint: `SHA256:${sha256(key)}` }];
  return MD5.test(md5) ? [{ type, fingerprint: `MD5:${md5.replaceAll(':', '').toLowerCase()}` }] : [];
}

function sha256(key: string): string {
  return createHash('sha256').update(Buffer.from(key, 'base64')).digest('base64').slice(0, DIGEST_CHARACTERS);
}

function byTypeAndFingerprint(a: HostKey, b: HostKey): number {
  const [one, other] = [`${a.type} ${a.fingerprint}`, `${b.type} ${b.fingerprint}`];
  return one < other ? -1 : one > other ? 1 : 0;
}
