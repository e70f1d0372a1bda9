import { join } from 'node:path';
import { expect, test } from 'vitest';
import { wazuhSink } from '../../src/sink/wazuh.ts';
import { freshDir } from '../support/run-portlog.ts';
import { sinkContract } from '../support/sink-contract.ts';
import { sinkOptions } from '../support/sink-options.ts';

/* How it writes is tested with the sink "file", what it writes in test/alerts/wazuh.test.ts. */

sinkContract(async () => wazuhSink(sinkOptions('wazuh', { target: join(freshDir(), 'wazuh.ndjson') })));

test.each([undefined, 'https://wazuh:55000'])('%s is no path', (target) => {
  expect(() => wazuhSink(sinkOptions('wazuh', { target }))).toThrow('needs the path of a file');
});

test('is told apart from a file of the same name, and its name says what it is', () => {
  const sink = wazuhSink(sinkOptions('wazuh', { target: '/var/log/w.ndjson' }));
  expect([sink.name, sink.identity.type]).toEqual(['wazuh /var/log/w.ndjson', 'wazuh']);
});
