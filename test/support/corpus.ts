import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Real scans of other people, outside of the project; without PORTLOG_CORPUS these tests are skipped. */
export const CORPUS = process.env['PORTLOG_CORPUS'];

export interface Expected {
  readonly wellformed: boolean;
  readonly facts_if_repaired?: Record<string, any> | null;
  readonly wellformed_complete_hosts?: number;
  readonly [fact: string]: any;
}

export function corpusFiles(): readonly (readonly [name: string, expected: Expected])[] {
  if (CORPUS === undefined) return [];
  return Object.entries(JSON.parse(readFileSync(join(CORPUS, 'expected_shared.json'), 'utf8')) as Record<string, Expected>);
}

export function corpusFile(name: string): Buffer {
  return readFileSync(join(CORPUS as string, name));
}
