import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { freshDir, ROOT } from '../support/run-portlog.ts';
import { host, port, scan } from '../support/scans.ts';
import { INSTALLED, printed, SCANS, usedForAWhile } from '../support/single-program.ts';

/*
 * `npm run build:binary` first. The tests of the command run on it, too: PORTLOG_PROGRAM=release/portlog-linux-x64 npx vitest run test/cli
 */

const PROGRAM = join(ROOT, 'release', `portlog-linux-${process.arch}`);
async function bothPrint(args: readonly string[]): Promise<string> {
  const installed = await printed(INSTALLED, args);
  expect(await printed([PROGRAM], args)).toBe(installed);
  return installed;
}

describe('the single program says what the installed command says', () => {
  test.for(['ecs', 'otel', 'table'])('of scans of each kind as %s', async (format) => {
    expect((await bothPrint(['--format', format, ...SCANS])).split('\n').length).toBeGreaterThan(SCANS.length);
  });

  test.for([['--help'], ['--version'], ['setup', '--help'], ['setup', 'nowhere']])('%j', async (args) => {
    expect(await bothPrint(args)).toMatch(/exit [02]\n$/);
  });

  test('when it is used for a while: watched, shipped, kept, delivered later, asked', async () => {
    const installed = await usedForAWhile(INSTALLED);
    expect(installed).toContain('exit 5');
    expect(await usedForAWhile([PROGRAM])).toBe(installed);
  });

  test('of a scan that threads read', async () => {
    const big = join(freshDir(), 'big.xml');
    writeFileSync(big, scan(Array.from({ length: 8000 }, (_, i) => host(`10.1.${i >> 8}.${i & 255}`, port(443))).join('')));
    expect((await bothPrint(['-q', big])).split('\n').length).toBeGreaterThan(16_000);
  });

  test.for(['elasticsearch', 'opensearch', 'opensearch-dashboards', 'kibana', 'grafana', 'loki', 'wazuh', 'wazuh-dashboard'])(
    'the files of %s are within it',
    async (target) => {
      const [installed, within] = [freshDir(), freshDir()];
      await printed(INSTALLED, ['setup', target, '--export', installed]);
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
