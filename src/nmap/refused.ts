import { type Frame, MAX_PASSED } from './frame.ts';
import type { Refusal, ScanItem } from './item.ts';

export type Refused = Extract<ScanItem, { kind: 'refused' }>;

/** The item for a frame that could not be read up to `end`. */
export function refusedItem({ name, text, start }: Frame, end: number, what: Pick<Refusal, 'offset' | 'length' | 'reason'>): Refused {
  return refusal({ element: name, ...what }, text.slice(start, Math.min(end, start + MAX_PASSED)));
}

/** The item for an element of which only the end tag was found, at byte `end`. */
export function headless({ name, passed }: Frame, end: number): Refused {
  const { offset, beginning } = passed ?? { offset: 0, beginning: '' };
  return refusal({ element: name, offset, length: end - offset, reason: 'its start tag is missing' }, beginning);
}

export function unknownEncoding(name: string): Refused {
  const reason = `it names the unknown encoding "${name}"; the scan is read as UTF-8`;
  return refusal({ element: '?xml', offset: 0, length: 0, reason }, '');
}

/** `4 KiB`, of a number of characters. */
export function sizeText(characters: number): string {
  return characters < 1 << 20 ? `${characters >> 10} KiB` : `${characters >> 20} MiB`;
}

function refusal({ element, offset, length, reason }: Omit<Refusal, 'address'>, beginning: string): Refused {
  return { kind: 'refused', refusal: { element, offset, length, reason, address: addressIn(beginning) } };
}

function addressIn(beginning: string): string | undefined {
  return /<address addr="([^"<]{1,64})"/.exec(beginning)?.[1];
}
