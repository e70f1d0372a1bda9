import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readBounded } from '../../core/read-text.ts';
import { reasonOf } from '../../core/reason.ts';
import { PortlogError } from '../../core/errors.ts';

const BLOCKS = {
  'CERTIFICATE': /^-----BEGIN (?:[A-Z]{1,20} )?CERTIFICATE-----/m,
  'PRIVATE KEY': /^-----BEGIN (?:[A-Z]{1,20} )?PRIVATE KEY-----/m,
} as const;

const LOCKED = new Error('it wants a passphrase, which portlog cannot ask for');
const UNLOCK = 'write the key without one into a file that only portlog may read: openssl pkey -in KEY -out NEW';

/** Size limit of a PEM file, four times the authorities of a whole system. */
const MOST_BYTES = 8 << 20;

/**
 * The text of a PEM file. `what`: its purpose, for error messages; `label`: the block that it must contain. Throws `sink-options` where TLS
 * would ignore the file or fail.
 */
export function readPem(what: string, path: string, label: keyof typeof BLOCKS): string {
  try {
    const pem = readBounded(path, MOST_BYTES).toString('utf8');
    if (!BLOCKS[label].test(pem)) throw new Error(`it holds no PEM ${label.toLowerCase()}`);
    if (label === 'CERTIFICATE') refuseBrokenCertificates(pem);
    else refuseBrokenKey(pem);
    return pem;
  } catch (cause) {
    const hint = cause === LOCKED ? UNLOCK : `name a file in PEM form, which begins with -----BEGIN ${label}-----`;
    throw new PortlogError('sink-options', `${what} ${path} cannot be used: ${reasonOf(cause)}`, { hint, cause });
  }
}

/** Refuses unreadable certificates: TLS would skip them silently, and then refuse the server because of an unknown authority. */
function refuseBrokenCertificates(pem: string): void {
  for (const [index, block] of blocksOf(pem).entries()) {
    try {
      void new X509Certificate(block);
    } catch {
      throw new Error(`its certificate number ${index + 1} is damaged`);
    }
  }
}

function blocksOf(pem: string): readonly string[] {
  const begins = pem.split('-----BEGIN ').slice(1);
  return begins.filter((block) => /^(?:[A-Z]{1,20} )?CERTIFICATE-----/.test(block)).map((block) => `-----BEGIN ${block}`);
}

function refuseBrokenKey(pem: string): void {
  try {
    createPrivateKey(pem);
  } catch (error) {
    const isLocked = (error as NodeJS.ErrnoException).code === 'ERR_MISSING_PASSPHRASE' || pem.includes('ENCRYPTED');
    throw isLocked ? LOCKED : new Error('its key is damaged', { cause: error });
  }
}
