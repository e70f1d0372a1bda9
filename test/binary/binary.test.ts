import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { freshDir, ROOT } from '../support/run-portlog.ts';
import { host, port, scan } from '../support/scans.ts';

/*
 * `npm run build:binary` first. The tests of the command run on it, too: PORTLOG_PROGRAM=release/portlog-linux-x64 npx vitest run test/cli
 */

const run = promisify(execFile);
const PROGRAM = join(ROOT, 'release', `portlog-linux-${process.arch}`);
/** A scan of the future is told at the time of reading. */
const SCANS = [...xmlIn('test/fixtures').filter((path) => !path.endsWith('/future.xml')), 'examples/loopback.xml'];

function xmlIn(folder: string): readonly string[] {
  return readdirSync(join(ROOT, folder)).flatMap((name) => (name.endsWith('.xml') ? [`${folder}/${name}`] : []));
}

/** What is printed, but for the time of reading, and how it ended. */
async function printed(program: readonly string[], args: readonly string[]): Promise<string> {
  const [file = '', ...before] = program;
  const env = { PATH: process.env['PATH'], HOME: freshDir() };
  const options = { cwd: ROOT, env, maxBuffer: 1 << 28 };
  const ended = run(file, [...before, ...args], options).then(
    ({ stdout }) => ({ stdout, code: 0 }),
    ({ stdout, code }: { readonly stdout: string; readonly code: number }) => ({ stdout, code }),
  );
  const { stdout, code } = await ended;
  return `${stdout.replaceAll(/"created":"[^"]*"|"observedTimeUnixNano":"\d+"/g, '')}exit ${code}\n`;
}

async function bothPrint(args: readonly string[]): Promise<string> {
  const installed = await printed([process.execPath, join(ROOT, 'bin', 'portlog.js')], args);
  expect(await printed([PROGRAM], args)).toBe(installed);
  return installed;
}

describe('the single program says what the installed command says', () => {
  test.for(SCANS.flatMap((path) => ['ecs', 'otel', 'table'].map((format) => [path, format] as const)))('%s as %s', async ([path, format]) => {
    expect(await bothPrint(['--format', format, path])).toMatch(path.endsWith('/target-skipped.xml') ? /exit 3\n$/ : /.\nexit [01]\n$/s);
  });

  test.for([['--help'], ['--version'], ['setup', '--help'], ['setup', 'nowhere']])('%j', async (args) => {
    expect(await bothPrint(args)).toMatch(/exit [02]\n$/);
  });

  test('of a scan that threads read', async () => {
    const big = join(freshDir(), 'big.xml');
    writeFileSync(big, scan(Array.from({ length: 60_000 }, (_, i) => host(`10.1.${i >> 8}.${i & 255}`, port(443))).join('')));
    expect((await bothPrint(['-q', big])).split('\n').length).toBeGreaterThan(120_000);
  });

  test.for(['elasticsearch', 'opensearch', 'opensearch-dashboards', 'kibana', 'grafana', 'loki', 'wazuh', 'wazuh-dashboard'])(
    'the files of %s are within it',
    async (target) => {
      const [installed, within] = [freshDir(), freshDir()];
      await printed([process.execPath, join(ROOT, 'bin', 'portlog.js')], ['setup', target, '--export', installed]);
      await printed([PROGRAM], ['setup', target, '--export', within]);
      expect(textsBelow(within)).toEqual(textsBelow(installed));
      expect(Object.keys(textsBelow(within)).length).toBeGreaterThan(3);
    },
  );
});

function textsBelow(folder: string): Readonly<Record<string, string>> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    files.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return [path.slice(folder.length), readFileSync(path, 'utf8')] as const;
    }),
  );
}
