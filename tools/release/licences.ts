import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { neededPackages } from './needed.ts';

/** The licences of everything in the single program except portlog: each library, and Node with its own dependencies. */
export function licences(): string {
  const node = dirname(createRequire(import.meta.url).resolve(`node-linux-${process.arch}/package.json`));
  const all = [
    ...neededPackages().map(({ path, name, version, license }) => [`${name} ${version}`, textIn(path) ?? `License: ${license}\n`] as const),
    [`Node.js ${process.versions.node}`, textIn(node) ?? ''] as const,
  ];
  return all.map(([title, text]) => `${'='.repeat(78)}\n${title}\n${'='.repeat(78)}\n\n${text.trim()}\n`).join('\n');
}

function textIn(folder: string): string | undefined {
  const name = readdirSync(folder).find((name) => /^licen[sc]e/i.test(name));
  return name === undefined ? undefined : readFileSync(join(folder, name), 'utf8');
}
