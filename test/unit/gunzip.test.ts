import { spawnSync } from 'node:child_process';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { gunzipped } from '../../src/source/gunzip.ts';
import { host, port, scan } from '../support/scans.ts';
import { runs } from '../support/seed.ts';

const TEXT = Buffer.from(scan(Array.from({ length: 1500 }, (_, i) => host(`192.0.2.${i % 250}`, port(i))).join('')));
/** gzip itself writes when so many bytes are full, and forgets the rest when it finds a fault. */
const WINDOW = 32_768;

interface Unzipped {
  readonly content: Buffer;
  /** What is said of it; undefined when all is well. */
  readonly said: string | undefined;
}

/** Read in chunks that do not outlive the next one. */
async function unzip(bytes: Uint8Array, size: number): Promise<Unzipped> {
  async function* chunks(): AsyncGenerator<Uint8Array> {
    const buffer = new Uint8Array(size);
    for (let at = 0; at < bytes.length; at += size) {
      const chunk = bytes.subarray(at, at + size);
      buffer.fill(0xff).set(chunk);
      yield buffer.subarray(0, chunk.length);
    }
  }
  const pieces: Buffer[] = [];
  try {
    for await (const piece of gunzipped(chunks())) pieces.push(Buffer.from(piece));
  } catch (error) {
    return { content: Buffer.concat(pieces), said: (error as Error).message };
  }
  return { content: Buffer.concat(pieces), said: undefined };
}

function gzipDc(input: Uint8Array): { readonly content: Buffer; readonly said: string } {
  const { stdout, stderr } = spawnSync('gzip', ['-dc'], { input, maxBuffer: 1e9 });
  return { content: stdout, said: stderr.toString() };
}

const member = fc
  .record({ from: fc.nat(TEXT.length), length: fc.nat(150_000), level: fc.integer({ min: 0, max: 9 }) })
  .map(({ from, length, level }) => gzipSync(TEXT.subarray(from, from + length), { level }));
const damage = fc.oneof(
  fc.record({ kind: fc.constant('flip' as const), at: fc.nat(), bit: fc.nat(7) }),
  fc.record({ kind: fc.constant('trailer' as const), at: fc.nat(7), bit: fc.nat(7) }),
  fc.record({ kind: fc.constant('remove' as const), at: fc.nat(), count: fc.integer({ min: 1, max: 5000 }) }),
  fc.record({ kind: fc.constant('cut' as const), at: fc.nat() }),
  fc.record({
    kind: fc.constant('append' as const),
    text: fc.constantFrom('\n', 'scan done\n', 'x'.repeat(5000), '\0', '\0'.repeat(9000), '\u001f'),
  }),
);
type Damage = typeof damage extends fc.Arbitrary<infer T> ? T : never;

function damaged(members: readonly Buffer[], change: Damage): Buffer {
  const whole = Buffer.concat(members);
  switch (change.kind) {
    case 'flip':
      return flipped(whole, change.at % whole.length, change.bit);
    case 'trailer':
      return flipped(whole, (members[0]?.length ?? 8) - 8 + change.at, change.bit);
    case 'remove':
      const at = change.at % whole.length;
      return Buffer.concat([whole.subarray(0, at), whole.subarray(at + change.count)]);
    case 'cut':
      return whole.subarray(0, change.at % whole.length);
    default:
      return Buffer.concat([whole, Buffer.from(change.text)]);
  }
}

function flipped(bytes: Buffer, at: number, bit: number): Buffer {
  bytes[at] = (bytes[at] ?? 0) ^ (1 << bit);
  return bytes;
}

test('whatever is done to gzip: what gzip -dc gives is read, and said to be damaged where gzip says it', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(member, { minLength: 1, maxLength: 3 }),
      damage,
      fc.integer({ min: 1, max: 300_000 }),
      async (members, change, size) => {
        const bytes = damaged(members, change);
        if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return;
        const [ours, theirs] = [await unzip(bytes, size), gzipDc(bytes)];
        const isCutOrBroken = /unexpected end of file|format violated/.test(theirs.said);
        if (isCutOrBroken) expect(ours.content.length - theirs.content.length).toBeLessThanOrEqual(WINDOW);
        else expect(ours.content.length).toBe(theirs.content.length);
        expect(ours.content.subarray(0, theirs.content.length).equals(theirs.content)).toBe(true);
        expect(ours.said !== undefined).toBe(theirs.said !== '');
      },
    ),
    { numRuns: runs(100) },
  );
});

describe('what is said', () => {
  const [one, two] = [gzipSync('one '), gzipSync('two')];
  const wrong = (bytes: Buffer, at: number): Buffer => flipped(Buffer.from(bytes), bytes.length + at, 0);
  test.for<readonly [string, Buffer, string, string | undefined]>([
    ['members are one text', Buffer.concat([one, two]), 'one two', undefined],
    ['zeros behind the end', Buffer.concat([one, Buffer.alloc(9000)]), 'one ', undefined],
    ['a wrong checksum, in the middle', Buffer.concat([one, wrong(two, -8), one]), 'one two', 'the checksum of member 2 is wrong'],
    ['a wrong length', wrong(one, -4), 'one ', 'the length of member 1 is wrong'],
    ['much behind the end', Buffer.concat([one, Buffer.alloc(90_000, 'x')]), 'one ', 'what follows its member 1 is not gzip'],
    ['cut in its checksum', one.subarray(0, -5), 'one ', 'it is cut: it ends inside its member 1, at byte 19'],
    ['cut in its length', one.subarray(0, -1), 'one ', 'it is cut: it ends inside its member 1, at byte 23'],
    [
      'cut in the header of its second member',
      Buffer.concat([one, two.subarray(0, 7)]),
      'one ',
      'it is cut: it ends inside its member 2, at byte 31',
    ],
    ['another method', flipped(Buffer.from(one), 2, 0), '', 'the header of member 1 is not a known gzip header'],
  ])('%s', async ([, bytes, content, said]) => {
    for (const size of [1, 7, 1 << 18]) expect(await unzip(bytes, size)).toEqual({ content: Buffer.from(content), said });
  });

  test('a header with everything in it', async () => {
    const start = Buffer.from([0x1f, 0x8b, 8, 0b11111, 0, 0, 0, 0, 0, 3, 3, 0, 1, 2, 3, 97, 0, 98, 0]);
    const headed = (checksum: readonly number[]): Buffer => Buffer.concat([start, Buffer.from(checksum), one.subarray(10)]);
    const right =
      gzipDc(headed([0, 0]))
        .said.match(/computed checksum 0x(..)(..)/i)
        ?.slice(1, 3) ?? [];
    const checksum = right.map((hex) => Number.parseInt(hex, 16)).toReversed();
    expect(await unzip(headed(checksum), 3)).toEqual({ content: Buffer.from('one '), said: undefined });
    expect(await unzip(headed([0, 0]), 3)).toEqual({ content: Buffer.alloc(0), said: 'the checksum of the header of member 1 is wrong' });
  });
});

test('cut at every byte: what is there is read, and the cut is told, unless it is between two members', async () => {
  const header = Buffer.from([0x1f, 0x8b, 8, 0b11000, 0, 0, 0, 0, 0, 3, 97, 0, 98, 0]);
  const members = [gzipSync('one '), Buffer.concat([header, gzipSync('two ').subarray(10)]), gzipSync('three')];
  const whole = Buffer.concat(members);
  const ends = new Set(members.map((_, i) => Buffer.concat(members.slice(0, i + 1)).length));
  for (let at = 2; at <= whole.length; at++) {
    const { content, said } = await unzip(whole.subarray(0, at), 5);
    expect('one two three'.startsWith(content.toString())).toBe(true);
    expect([at, said === undefined]).toEqual([at, ends.has(at)]);
  }
});

test('what unpacks to more than two hundred times its size is read up to there, and no further', async () => {
  const bomb = gzipSync(Buffer.alloc(100_000_000));
  const { content, said } = await unzip(bomb, 1 << 18);
  expect(content.length).toBeGreaterThan(1 << 23);
  expect(content.length).toBeLessThan((1 << 23) + (1 << 20));
  expect(said).toMatch(/^its first \d+ bytes unpack to \d+, more than 200 times as many, which no scan does$/);
});

test('a bomb is made a piece at a time, and twenty thousand members take a second at most', async () => {
  async function* whole(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
    yield bytes;
  }
  let [length, longest] = [0, 0];
  for await (const piece of gunzipped(whole(gzipSync(Buffer.alloc(8_000_000))))) {
    length += piece.length;
    longest = Math.max(longest, piece.length);
  }
  expect([length, longest <= 1 << 18]).toEqual([8_000_000, true]);
  const before = process.cpuUsage();
  const empty = gzipSync('');
  for await (const piece of gunzipped(whole(Buffer.concat(Array.from({ length: 20_000 }, () => empty))))) length += piece.length;
  expect(length).toBe(8_000_000);
  expect(process.cpuUsage(before).user / 1e6).toBeLessThan(2);
});
