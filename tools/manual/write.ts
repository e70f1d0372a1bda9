import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { allCommands } from '../../src/cli/commands.ts';
import { dateOfSources } from '../release/date.ts';
import { manualPages } from './pages.ts';

// Writes the manual into dist/man, for npm and for the packages.
const OUT = 'dist/man';
const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { readonly version: string };
rmSync(OUT, { recursive: true, force: true });
mkdirSync(OUT, { recursive: true });
const edition = { version, date: dateOfSources().toISOString().slice(0, 10) };
for (const [name, text] of manualPages(await allCommands(), edition)) writeFileSync(join(OUT, name), text);
