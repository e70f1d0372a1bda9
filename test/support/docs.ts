import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './run-portlog.ts';

/** Every page of the documentation, by path from the root. */
export function pages(): readonly string[] {
  const docs = readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' });
  return ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...docs.filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`)];
}

export function page(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** The shell commands of a page, one a line, in order. */
export function commandsIn(path: string): readonly string[] {
  const blocks = [...page(path).matchAll(/^```sh\n([^]*?)^```/gm)].map(([, block = '']) => block);
  return blocks
    .join('\n')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}
