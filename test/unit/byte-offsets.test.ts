import { expect, test } from 'vitest';
import { ByteOffsets } from '../../src/nmap/byte-offsets.ts';

test('byte offsets shortly after the last one are correct and not counted from the start', () => {
  const letters = 'aé€😀';
  const text = letters.repeat(2000);
  let counted = 0;
  const offsets = new ByteOffsets((part) => {
    counted += part.length;
    return Buffer.byteLength(part);
  }, 7);
  const right = (index: number): number => 7 + Buffer.byteLength(text.slice(0, index));
  for (let index = letters.length; index < text.length; index += letters.length) {
    expect(offsets.of(text, index)).toBe(right(index));
    expect(offsets.of(text, index - letters.length)).toBe(right(index - letters.length));
  }
  expect(counted).toBeLessThan(4 * text.length);
  for (const index of [text.length, letters.length, text.length / 2, 0]) expect(offsets.of(text, index)).toBe(right(index));
});
