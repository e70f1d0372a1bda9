import { expect, test } from 'vitest';
import { recognise } from '../../src/nmap/recognise.ts';

const zip = 'it is a zip archive';

test.for<readonly [what: string, bytes: Buffer, how: string]>([
  [zip, Buffer.from('504b0304140000000800', 'hex'), 'unzip -p'],
  ['it is compressed with xz', Buffer.from('fd377a585a000004e6d6b446', 'hex'), 'xz -dc'],
  ['it is compressed with zstd', Buffer.from('28b52ffd64fa01d50a00', 'hex'), 'zstd -dc'],
  ['it is compressed with bzip2', Buffer.from('425a68393141592653591d', 'hex'), 'bzip2 -dc'],
  ['it is a 7-Zip archive', Buffer.from('377abcaf271c0004', 'hex'), '7z x -so'],
  ['it is compressed with lz4', Buffer.from('04224d1864407b', 'hex'), 'lz4 -dc'],
])('%s', ([what, bytes, how]) => {
  expect(recognise(bytes.toString('utf8'))).toEqual({ what, hint: `unpack it first (${how} FILE | portlog); gzip can be read as it is` });
});

test('a scan that ends inside its first tag is not said to have none', () => {
  const { what } = recognise('<?xml version="1.0"?>\n<!DOCTYPE nmaprun>\n<nmaprun scanner="nmap" args="nmap -oX');
  expect(what).toBe('its <nmaprun> tag is cut off or damaged');
});
