import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { freshDir, portlog, ROOT } from '../support/run-portlog.ts';
import { startCollectorWith } from './collector.ts';

/* The Collector's filelog receiver, as people tail a file. */

test('what portlog writes to a file, the filelog receiver reads: each line is a record', async () => {
  const path = join(freshDir(), 'events.ndjson');
  const collector = await startCollectorWith({ filelog: { include: [path], start_at: 'beginning', poll_interval: '200ms' } });
  const state = freshDir();
  for (const site of ['one', 'two'])
    expect(
      (await portlog(['--state-dir', state, '--site', site, '--to', `file=${path}`, '--all', join(ROOT, 'test/fixtures/everything.xml')])).code,
    ).toBe(0);
  const written = readFileSync(path, 'utf8').trim().split('\n');
  const requests = await collector.requests();
  const read = requests.flatMap(({ resourceLogs }) =>
    resourceLogs.flatMap(({ scopeLogs }: any) =>
      scopeLogs.flatMap(({ logRecords }: any) => logRecords.map(({ body }: any) => body.stringValue as string)),
    ),
  );
  expect(read.toSorted((a, b) => a.localeCompare(b))).toEqual(written.toSorted((a, b) => a.localeCompare(b)));
  await collector.stop();
});
