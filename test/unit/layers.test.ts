import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, test } from 'vitest';
import { violationsIn } from '../../tools/layers/check.ts';
import { HOMES, LAYERS } from '../../tools/layers/table.ts';

const folders = Object.keys(LAYERS);
const inFolder = (folder: string): string => (folder === '.' ? 'index.ts' : `${folder}/planted.ts`);
const up = (folder: string): string => (folder === '.' ? './' : '../');

describe('the table of layers', () => {
  it('names every folder of src/, and nothing else lies there', () => {
    const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'));
    const there = new Set(files.map((path) => (path.includes('/') ? (path.split('/')[0] as string) : path)));
    expect([...there].sort()).toEqual([...folders.filter((name) => name !== '.'), 'index.ts'].sort());
  });

  it('has arrows downwards only, so no cycle', () => {
    for (const [folder, allowed] of Object.entries(LAYERS))
      for (const other of allowed)
        expect(folders.indexOf(other.split('/')[0] as string), `${folder} → ${other}`).toBeLessThan(folders.indexOf(folder));
    for (const other of folders) expect(LAYERS[other]).not.toContain('cli');
  });

  it('names only what is there', () => {
    const paths = readdirSync('src', { recursive: true, encoding: 'utf8' }).map((path) => path.replace(/\.ts$/, ''));
    for (const place of [...Object.values(LAYERS), ...Object.values(HOMES)].flat()) expect(paths, place).toContain(place);
  });
});

describe('a planted import', () => {
  const forbidden = folders.flatMap((from) =>
    folders
      .filter((to) => to !== from && to !== '.' && LAYERS[from]?.every((allowed) => allowed.split('/')[0] !== to))
      .map((to) => [from, to] as const),
  );

  it.each(forbidden)('of %s from %s is refused', (from, to) => {
    expect(violationsIn(inFolder(from), `import { x } from '${up(from)}${to}/x.ts';`)).toHaveLength(1);
  });

  it.each(folders.filter((name) => name !== '.'))('of index.ts from %s is refused', (from) => {
    expect(violationsIn(inFolder(from), "import { x } from '../index.ts';")).toHaveLength(1);
    expect(violationsIn(`${from}/deeper/planted.ts`, "import { x } from '../../index.ts';")).toHaveLength(1);
  });

  it.each(Object.keys(HOMES))('of %s away from its home is refused', (name) => {
    for (const module of [name, name.replace('node:', ''), `${name}/promises`])
      expect(violationsIn('report/planted.ts', `import { x } from '${module}';`), module).toHaveLength(1);
  });

  it.each([
    "import { x } from '../cli/x.ts';",
    "import type { X } from '../cli/x.ts';",
    "import '../cli/x.ts';",
    "export { x } from '../cli/x.ts';",
    "export * from '../cli/x.ts';",
    "const { x } = await import('../cli/x.ts');",
    "type X = import('../cli/x.ts').X;",
    "import x = require('../cli/x.ts');",
    "const x = require('../cli/x.ts');",
    "const x = process.getBuiltinModule('node:sqlite');",
  ])('is refused in every form: %s', (text) => {
    expect(violationsIn('nmap/planted.ts', text)).toHaveLength(1);
  });

  it('of a file is refused where another file of that folder is allowed', () => {
    expect(violationsIn('delivery/planted.ts', "import type { Sink } from '../sink/sink.ts';")).toEqual([]);
    expect(violationsIn('delivery/planted.ts', "import { request } from '../sink/transport/http.ts';")).toHaveLength(1);
    expect(violationsIn('delivery/planted.ts', "import { x } from '../sink/sinks.ts';")).toHaveLength(1);
  });

  it('ends the check of the whole with 1 and a sentence', () => {
    const folder = mkdtempSync(join(tmpdir(), 'portlog-layers-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const check = (): string => spawnSync(process.execPath, ['tools/layers/layers.ts', folder], { encoding: 'utf8' }).stderr;
    cpSync('src', folder, { recursive: true });
    expect(check()).toBe('');
    writeFileSync(join(folder, 'event/planted.ts'), "import { ship } from '../pipeline/ship.ts';");
    expect(check()).toBe('src/event/planted.ts imports ../pipeline/ship.ts: event may import core, nmap only\n');
  });
});

test('docs/explanation/architecture.md names each folder, in the order of the layers', () => {
  const named = [...readFileSync('docs/explanation/architecture.md', 'utf8').matchAll(/^\| `(\w+)\/` \|/gm)].map(([, name]) => name);
  expect(named).toEqual(folders.filter((name) => name !== '.'));
});
