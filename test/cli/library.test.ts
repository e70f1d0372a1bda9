import { execFile, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ROOT } from '../support/run-portlog.ts';
import { scriptedServer } from '../support/scripted-server.ts';

const project = mkdtempSync(join(tmpdir(), 'portlog-consumer-'));
afterAll(() => rmSync(project, { recursive: true }));

/** What a program may not do; the compiler says so, too, where one of these is allowed. */
const CHANGING = `
import type { AddressSet, ExposurePolicy, InputReport, ShipOptions, ShipReport, SinkReport, Store, Tally } from 'portlog';
declare const [options, report, input, sink, tally]: [ShipOptions, ShipReport, InputReport, SinkReport, Tally];
declare const [store, policy, addresses]: [Store, ExposurePolicy, AddressSet];
${[
  'input.bytes = 1',
  "input.remarks.push('more')",
  'input.problem = undefined',
  'input.changes!.isBaseline = true',
  "input.changes!.counts['host-new'] = 1",
  'report.inputs.push(input)',
  'report.sinks.push(sink)',
  'sink.tally.delivered++',
  'tally.read = 0',
  'options.sources.push(...options.sources)',
  'options.takeOver',
  'options.unanswered',
  'store.database',
  'policy.judge',
  'policy.namesAny',
  'addresses.keys',
]
  .map((line) => `// @ts-expect-error\n${line};`)
  .join('\n')}
`;

beforeAll(() => {
  mkdirSync(join(project, 'node_modules/@types'), { recursive: true });
  symlinkSync(ROOT, join(project, 'node_modules/portlog'));
  symlinkSync(join(ROOT, 'node_modules/@types/node'), join(project, 'node_modules/@types/node'));
  symlinkSync(join(ROOT, 'node_modules/undici-types'), join(project, 'node_modules/undici-types'));
  writeFileSync(join(project, 'package.json'), '{ "type": "module" }');
  writeFileSync(join(project, 'consumer.ts'), readFileSync('examples/library.ts'));
  writeFileSync(join(project, 'own-sink.ts'), readFileSync('examples/own-sink.ts'));
  writeFileSync(join(project, 'changing.ts'), CHANGING);
  const compilerOptions = { target: 'es2024', module: 'nodenext', strict: true, exactOptionalPropertyTypes: true, outDir: 'out', types: ['node'] };
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['consumer.ts', 'own-sink.ts', 'changing.ts'] }));
});

test(
  'every option of the library is built from what the package exports, and nothing that it gives is changed, in a strict project of its own',
  { timeout: 120_000 },
  () => {
    const compiled = spawnSync(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc')], { cwd: project, encoding: 'utf8' });
    expect(compiled.stdout + compiled.stderr).toBe('');
    const ran = spawnSync(process.execPath, ['out/consumer.js', join(ROOT, 'examples/loopback.xml'), join(project, 'state')], {
      cwd: project,
      encoding: 'utf8',
    });
    expect(ran.stderr.replace(/\(node:\d+\) Exp.*\n.*\n/, '')).toBe('');
    const [first = '', second] = ran.stdout.trim().split('\n');
    const { read, delivered, seen, inputs, store } = JSON.parse(first) as Record<string, unknown>;
    expect({ inputs, store }).toEqual({ inputs: 1, store: 'string' });
    expect(delivered).toBe(read);
    expect(seen).toBeGreaterThanOrEqual(read as number);
    expect(second).toMatch(/^true sink-unknown there are: stdout, /);
  },
);

test("a sink of one's own: what its server did not take waits on disk, and goes out with the next scan", async () => {
  let status = 401;
  let taken = 0;
  const server = await scriptedServer(({ body }, response) => {
    if (status === 200) taken += body.split('\n').length - 1;
    response.writeHead(status).end();
  });
  const shipped = async (): Promise<string> => {
    const args = ['examples/own-sink.ts', 'examples/loopback.xml', server.url.origin, join(project, 'own-state')];
    return (await promisify(execFile)(process.execPath, args, { cwd: ROOT })).stdout;
  };
  expect(await shipped()).toBe(`ours ${server.url.origin}: read 13 = delivered 0 + already 0 + dead 0 + spooled 13\n`);
  status = 200;
  expect(await shipped()).toBe(`ours ${server.url.origin}: read 13 = delivered 0 + already 13 + dead 0 + spooled 0\n`);
  expect(taken).toBeGreaterThanOrEqual(13);
  await server.stop();
});

test('internals are not in the types', () => {
  const store = readFileSync(join(ROOT, 'dist/state/store.d.ts'), 'utf8');
  for (const member of ['database', 'transaction', 'saveSums', 'shareBetween', 'tables(']) expect(store).not.toContain(`    ${member}`);
});
