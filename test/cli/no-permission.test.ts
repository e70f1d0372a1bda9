import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { portlogHere } from '../support/run-in-process.ts';
import { freshDir, ROOT } from '../support/run-portlog.ts';

const SCAN = join(ROOT, 'examples', 'loopback.xml');
/** Whether it is there cannot be found out: so it is with directories of others, whom tests cannot be. */
const UNKNOWABLE = join('/tmp', 'a'.repeat(300));

describe('a file that cannot be read is not "not there"', () => {
  test.each(['status', 'replay', 'replay --list', 'inventory', 'inventory --forget --all-hosts --yes', 'findings'])(
    'the state, for %s',
    async (words) => {
      const { code, stderr } = await portlogHere([...words.split(' '), '--state-dir', UNKNOWABLE]);
      expect([code, stderr]).toEqual([4, expect.stringMatching(/portlog\.db \S.*\n {0,}portlog: {3}→ /)]);
    },
  );

  test.each(['file', 'wazuh'])('the file of a sink: %s', async (type) => {
    const out = join(freshDir(), 'out');
    const config = join(freshDir(), 'portlog.yaml');
    writeFileSync(config, `sinks: [{ type: ${type}, path: ${UNKNOWABLE} }, { type: file, path: ${out} }]\n`);
    for (const args of [
      ['--config', config, SCAN],
      ['check', '--config', config],
    ]) {
      const { code, stderr, stdout } = await portlogHere([...args, '--state-dir', join(freshDir(), 'state')]);
      expect(stderr + stdout).not.toContain('bug in portlog');
      expect(code).not.toBe(0);
    }
  });
});
