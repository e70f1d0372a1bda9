import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import type { ScanItem } from '../../src/nmap/item.ts';
import { gunzipped } from '../../src/source/gunzip.ts';
import { corpusFile, corpusFiles } from '../support/corpus.ts';
import { fixture, hosts, itemsOf, refusals } from '../support/scans.ts';

/** Reading takes some milliseconds for each byte of it. */
const MAX_BYTES = 6000;
const PROGRESS = '<taskprogress task="Connect Scan" time="1760000020" percent="94.02" remaining="4" etc="1760000024"/>\n';
const TASKS = PROGRESS.replace('progress', 'begin') + PROGRESS;

const SCANS = [
  ['everything.xml', fixture('everything.xml')] as const,
  ['masscan.xml', fixture('masscan.xml')] as const,
  ...corpusFiles()
    .map(([name]) => [name, corpusFile(name)] as const)
    .filter(([, { length }]) => length <= MAX_BYTES),
];

/** Hosts with their ports, as far as they are told. */
function seen(items: readonly ScanItem[]): readonly string[] {
  return hosts(items).map(({ addresses, status, ports }) =>
    JSON.stringify([addresses, status, [...ports].map(({ protocol, portid, state, service }) => [protocol, portid, state, service])]),
  );
}

function said(items: readonly ScanItem[]): number {
  const noted = hosts(items).filter(({ malformed }) => malformed.some((note) => note.includes('taskprogress inside it'))).length;
  return noted + refusals(items).length + items.filter(({ kind }) => kind === 'mended').length;
}

test.for(SCANS)('progress at every byte of %s: hosts and ports are the same, and nothing else is lost without a word', ([, bytes]) => {
  const text = bytes.toString('latin1');
  const clean = itemsOf(bytes);
  const expected = seen(clean);
  const kinds = (items: readonly ScanItem[]): readonly string[] => items.map(({ kind }) => kind).filter((kind) => !/task|mended|refused/.test(kind));
  for (let at = 0; at <= text.length; at++) {
    for (const foreign of at % 2 === 0 ? [PROGRESS] : [TASKS]) {
      const items = itemsOf(Buffer.from(text.slice(0, at) + foreign + text.slice(at), 'latin1'));
      const isSame = kinds(items).join(' ') === kinds(clean).join(' ') && seen(items).join('\n') === expected.join('\n');
      expect(isSame || said(items) > said(clean), text.slice(Math.max(0, at - 60), at)).toBe(true);
      expect(seen(items), text.slice(Math.max(0, at - 60), at)).toEqual(expected);
    }
  }
});

test.for(SCANS)('gzip of %s, in two members, cut at every byte: what is there is read, and the cut is reported', async ([, bytes]) => {
  const [first, second] = [gzipSync(bytes.subarray(0, bytes.length / 2)), gzipSync(bytes.subarray(bytes.length / 2))];
  const whole = Buffer.concat([first, second]);
  for (let at = 2; at < whole.length; at++) {
    const pieces: Buffer[] = [];
    let problem: unknown;
    try {
      for await (const piece of gunzipped(one(whole.subarray(0, at)))) pieces.push(Buffer.from(piece));
    } catch (error) {
      problem = error;
    }
    expect(bytes.subarray(0, Buffer.concat(pieces).length).equals(Buffer.concat(pieces))).toBe(true);
    expect(problem !== undefined, `${at} of ${whole.length}`).toBe(at !== first.length);
  }
});

async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
