import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    reporters: process.env['CI']
      ? ['default', ['json', { outputFile: `.reports/vitest-${process.env['PORTLOG_REPORT'] ?? 'fast'}.json` }]]
      : ['default'],
    projects: [
      {
        test: {
          name: 'fast',
          include: ['test/{unit,contract,cli,docs,alerts}/**/*.test.ts'],
          testTimeout: 30_000,
          globalSetup: 'test/support/node-version.ts',
          setupFiles: 'test/support/seed.ts',
        },
      },
      {
        test: {
          name: 'server',
          include: ['test/server/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 600_000,
          fileParallelism: false,
          globalSetup: 'test/server/there.ts',
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
          setupFiles: 'test/support/seed.ts',
        },
      },
      { test: { name: 'binary', include: ['test/binary/**/*.test.ts'], testTimeout: 120_000 } },
    ],
  },
});
