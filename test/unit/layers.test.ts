import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, it, onTestFinished, test } from 'vitest';
import { violationsIn } from '../../tools/layers/check.ts';
import { cyclesIn } from '../../tools/layers/cycles.ts';
import { CLOCKS, HOMES, LAYERS } from '../../tools/layers/table.ts';
import { clocksIn } from '../../tools/layers/time.ts';

const folders = Object.keys(LAYERS);
const inFolder = (folder: string): string => (folder === '.' ? 'index.ts' : `${folder}/planted.ts`);
const up = (folder: string): string => (folder === '.' ? './' : '../');

describe('the table of layers', () => {
  it('names every folder of src/, and there is nothing else', () => {
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
    writeFileSync(join(folder, 'event/planted.ts'), "import { ship } from '../pipeline/ship.ts';\nconst now = Date.now();");
    expect(check()).toBe(
      'src/event/planted.ts imports ../pipeline/ship.ts: event may import core, nmap only\n' +
        'src/event/planted.ts uses Date.now: time comes from an injected clock (core/clock); its home is core/clock, core/process-alive\n',
    );
  });
});

describe('a planted circle', () => {
  const planted = (back: string): ReadonlyMap<string, string> =>
    new Map([
      ['event/one.ts', "import { two } from './deeper/two.ts';"],
      ['event/deeper/two.ts', back],
      ['event/aside.ts', "import { one } from './one.ts';"],
    ]);

  it.each(["import { one } from '../one.ts';", "import type { One } from '../one.ts';", "const { one } = await import('../one.ts');"])(
    'is refused in every form: %s',
    (back) =>
      expect(cyclesIn(planted(back)).map(({ file, what }) => `${file} ${what}`)).toEqual([
        'event/one.ts reaches itself: event/one.ts → event/deeper/two.ts → event/one.ts',
        'event/deeper/two.ts reaches itself: event/deeper/two.ts → event/one.ts → event/deeper/two.ts',
      ]),
  );

  it('is not seen where one file only uses another', () => expect(cyclesIn(planted("import { x } from './three.ts';"))).toEqual([]));
});

describe('a planted clock', () => {
  it.each([
    ['Date.now', 'const now = Date.now();'],
    ['Date.now', 'const read = Date.now;'],
    ['Date.now', 'const { now } = Date;'],
    ['Date.now', "const now = globalThis.Date['now']();"],
    ['new Date()', 'const now = new Date();'],
    ['new Date()', 'const now = new Date;'],
    ['Date()', 'const now = Date();'],
    ['performance.now', 'const since = performance.now();'],
    ['process.hrtime', 'const since = process.hrtime.bigint();'],
    ['AbortSignal.timeout', 'const late = AbortSignal.timeout(5);'],
    ['setTimeout', 'setTimeout(() => undefined, 5);'],
    ['setTimeout', 'globalThis.setTimeout(() => undefined, 5);'],
    ['setTimeout', 'const wait = promisify(setTimeout);'],
    ['setInterval', 'const timer = setInterval(() => undefined, 5).unref();'],
    ['setImmediate', 'await new Promise((resolve) => setImmediate(resolve));'],
  ])('%s is refused: %s', (name, text) => {
    expect(clocksIn('event/planted.ts', text)).toEqual([expect.objectContaining({ file: 'event/planted.ts', what: `uses ${name}` })]);
    for (const home of CLOCKS[name] ?? []) expect(clocksIn(`${home}.ts`, text)).toEqual([]);
  });

  it.each(['new Date(0).toISOString()', "Date.parse('2026-01-01')", 'socket.setTimeout(5)', 'clock.now()', 'const { now } = clock;'])(
    'is not seen in %s',
    (text) => expect(clocksIn('event/planted.ts', text)).toEqual([]),
  );

  it('is looked for only where there is one', () => {
    for (const [name, homes] of Object.entries(CLOCKS))
      for (const home of homes) expect(readFileSync(`src/${home}.ts`, 'utf8'), home).toContain(name);
  });
});

describe('a planted breach of the linter', () => {
  it.each([
    ['no-console', 'src/event/planted.ts', 'console.log(1);'],
    ['no-restricted-globals', 'src/event/planted.ts', 'export const home = process.env["HOME"];'],
    ['max-lines', 'src/event/planted.ts', 'export {};\n'.repeat(301)],
    ['max-lines', 'test/unit/planted.test.ts', 'export {};\n'.repeat(301)],
    ['max-lines', 'tools/planted.ts', 'export {};\n'.repeat(301)],
  ])('of %s in %s is refused', (rule, path, text) => {
    const folder = mkdtempSync(join(tmpdir(), 'portlog-lint-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    mkdirSync(join(folder, dirname(path)), { recursive: true });
    writeFileSync(join(folder, path), text);
    // Types of a folder that has no dependencies cannot be looked at; these rules need none.
    const rules = readFileSync('.oxlintrc.json', 'utf8').replace('"typeAware": true', '"typeAware": false');
    writeFileSync(join(folder, '.oxlintrc.json'), rules);
    const { status, stdout } = spawnSync(resolve('node_modules/.bin/oxlint'), ['--deny-warnings', path], { cwd: folder, encoding: 'utf8' });
    expect([status, stdout]).toEqual([1, expect.stringContaining(`(${rule})`)]);
  });
});

test('docs/explanation/architecture.md names each folder, in the order of the layers', () => {
  const named = [...readFileSync('docs/explanation/architecture.md', 'utf8').matchAll(/^\| `(\w+)\/` \|/gm)].map(([, name]) => name);
  expect(named).toEqual(folders.filter((name) => name !== '.'));
});
