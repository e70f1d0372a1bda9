import { defineConfig, type ViteUserConfig } from 'vitest/config';
import { LongestFirst } from './tools/vitest/order.ts';
import { TestProgress } from './tools/vitest/progress.ts';

const SETUP = ['test/support/clean-up.ts', 'test/support/seed.ts'];

/** The limit ends what hangs. It measures nothing: the machine may be busy with other things, and more cases (PORTLOG_FUZZ_RUNS) take longer. */
const TEST_TIMEOUT_MS = process.env['PORTLOG_FUZZ_RUNS'] === undefined ? 120_000 : 3_600_000;
const common = { testTimeout: TEST_TIMEOUT_MS, hookTimeout: 60_000, globalSetup: 'test/support/node-version.ts', setupFiles: SETUP };

const reporters: NonNullable<ViteUserConfig['test']>['reporters'] & unknown[] = ['default'];
if (!process.stdout.isTTY) reporters.push(new TestProgress());
if (process.env['CI']) reporters.push(['json', { outputFile: `.reports/vitest-${process.env['PORTLOG_REPORT'] ?? 'fast'}.json` }]);

export default defineConfig({
  test: {
    reporters,
    // Vitest leaves one processor free, which is half of two.
    maxWorkers: '100%',
    sequence: { sequencer: LongestFirst },
    projects: [
      // In process, within a minute. Files share a worker's modules: loading them anew for each file takes a third of the time.
      { test: { name: 'fast', include: ['test/{unit,contract,alerts}/**/*.test.ts'], isolate: false, ...common } },
      // The built command as a process, the commands of the pages, and tests that take long.
      { test: { name: 'command', include: ['test/{cli,docs,long}/**/*.test.ts'], isolate: false, ...common } },
      {
        test: {
          name: 'server',
          include: ['test/server/**/*.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 600_000,
          // Mostly they wait: for servers to start, for a minute to end. Each may have a gigabyte or two.
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
          globalSetup: 'test/server/there.ts',
          setupFiles: SETUP,
        },
      },
      {
        test: {
          name: 'hostile',
          include: ['test/hostile/**/*.test.ts'],
          testTimeout: 180_000,
          fileParallelism: false,
          // A regression in process costs the test, and not the machine.
          execArgv: ['--max-old-space-size=1024'],
          setupFiles: SETUP,
        },
      },
      { test: { name: 'binary', include: ['test/binary/**/*.test.ts'], testTimeout: 120_000, setupFiles: SETUP } },
    ],
  },
});
