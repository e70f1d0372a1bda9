import { readFileSync } from 'node:fs';

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly testResults: readonly { readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[] }[];
}

// The closing line of CI, counted from the runners' reports. Tests of real servers may never be skipped there, but for
// those of Loki, which is not built by us.
const hasLoki = process.env['PORTLOG_LOKI'] !== undefined || process.env['PORTLOG_LOKI_URL'] !== undefined;
const skippedForNoReason: string[] = [];
const total = { passed: 0, failed: 0, skipped: 0 };
for (const path of process.argv.slice(2)) {
  const report = JSON.parse(readFileSync(path, 'utf8')) as Report;
  total.passed += report.numPassedTests;
  total.failed += report.numFailedTests;
  total.skipped += report.numPendingTests;
  if (!path.includes('server')) continue;
  const skipped = report.testResults.flatMap(({ assertionResults }) =>
    assertionResults.filter(({ status }) => status !== 'passed' && status !== 'failed'),
  );
  skippedForNoReason.push(...skipped.flatMap(({ fullName }) => (!hasLoki && fullName.includes('Loki') ? [] : [fullName])));
}
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
for (const name of skippedForNoReason) console.log(`skipped without a reason: ${name}`);
if (total.failed > 0 || skippedForNoReason.length > 0 || total.passed === 0) process.exitCode = 1;
