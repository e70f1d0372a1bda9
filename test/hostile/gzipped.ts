import { crc32, gzipSync } from 'node:zlib';
import { addressOf, again, numbered, ownRun, startOf } from './shapes.ts';

/** Of about as many bytes of gzip. */
export const GZIPPED: Readonly<Record<string, (bytes: number) => Buffer>> = {
  'gzip of hosts without an end': (n) => gzipSync(again('<host>', 50 * n)),
  'gzip of nothing, very often': (n) =>
    Buffer.from(
      numbered(() => memberOf(''), n),
      'latin1',
    ),
  'gzip of whole runs, one each': (n) =>
    Buffer.from(
      numbered((i) => memberOf(ownRun(startOf(i), { address: addressOf(i) })), n),
      'latin1',
    ),
};

/** Of gzip, not compressed: as many from zlib would take memory that counts as that of the process which is measured. */
function memberOf(content: string): string {
  const sizes = Buffer.alloc(12);
  sizes.writeUInt16LE(content.length);
  sizes.writeUInt16LE(0xffff - content.length, 2);
  sizes.writeUInt32LE(crc32(content), 4);
  sizes.writeUInt32LE(content.length, 8);
  return `\x1f\x8b\x08\0\0\0\0\0\0\x03\x01${sizes.toString('latin1', 0, 4)}${content}${sizes.toString('latin1', 4)}`;
}
