import { createHash, hash } from 'node:crypto';
import type { Run } from '../nmap/model.ts';

/** 128 bits in hexadecimal digits: short enough for a document id, without accidental collisions. */
const LENGTH = 32;
const PIECE = 1 << 20;

/** The first 128 bits of SHA-256 over the parts, each prefixed with its length, so that different lists never hash the same input. */
export function digest(parts: readonly (string | number | undefined)[]): string {
  let text = '';
  for (const part of parts) {
    const value = part === undefined ? '' : String(part);
    text += `${part === undefined ? '-' : value.length}:${value}`;
  }
  return hash('sha256', text, 'hex').slice(0, LENGTH);
}

/** A text, or its hash when it is very long, as a part of a digest. */
export function textOrDigest(text: string): string {
  return text.length <= PIECE ? text : textDigest(text);
}

/** SHA-256 of a text; a long one is hashed in pieces to save memory. */
export function textDigest(text: string): string {
  if (text.length <= PIECE) return hash('sha256', text, 'hex');
  const sum = createHash('sha256');
  for (let at = 0; at < text.length; at += PIECE) sum.update(text.slice(at, at + PIECE));
  return sum.digest('hex');
}

/** `nmap.scan.id`, computed from the header. Two runs may share it, so nothing is skipped because of it alone. */
export function scanId(run: Run, identityArgs: string | undefined, site: string): string {
  return digest(['scan', run.scanner, run.version, identityArgs, run.start, site]);
}

/** `nmap.entity.id` of a host: the same host in every scan of a site. */
export function hostEntityId(site: string, hostKey: string): string {
  return digest(['host', site, hostKey]);
}

/**
 * `nmap.entity.id` of a port: its host's id with transport and port behind it, so that it costs no
 * hash and one prefix finds all that belongs to a host (docs/decisions/0004-identity.md).
 */
export function portEntityId(hostId: string, protocol: string | undefined, portid: string): string {
  return `${hostId}.${plain(protocol ?? 'none')}.${plain(portid)}`;
}

/** `nmap.entity.id` of a finding: that of its host or port, and the finding's key. */
export function findingEntityId(placeId: string, key: string): string {
  return `${placeId}.${/^[\w.:-]{1,100}$/.test(key) ? key : digest([key])}`;
}

/** `event.id`: the hash of one statement. `content` is what the parsed element says. */
export function eventId(dataset: string, action: string, scan: string, entity: string, content: string): string {
  return digest([dataset, action, scan, entity, content]);
}

/** A word from the scan as a part of an id: as it is when it is plain, else hashed. */
function plain(word: string): string {
  return /^[\w-]{1,24}$/.test(word) ? word : digest([word]).slice(0, 24);
}
