import { hasLoki } from './loki.ts';

/** Once before all tests against servers: what they do without. */
export default function tell(): void {
  if (!hasLoki)
    console.log('No Loki: tests that need one are skipped. PORTLOG_LOKI names its program, PORTLOG_LOKI_URL one that runs with test/server/loki/.');
}
