import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { variableOf } from '../../src/cli/option.ts';
import { SETTINGS } from '../../src/cli/session/places.ts';
import { freshDir } from '../support/run-portlog.ts';
import { portlogHere } from '../support/run-in-process.ts';
import { NEVER } from '../support/mistyped.ts';

/* What has an option and a setting takes the same values by both, and by the variable of the option. */

const NUMBERS = ['-1', '0', '0.5', '1', '1.5', '100', '101', '86401', '1000000000', '1000000001', '1e99'];
const NAMES = ['a', 'A-b_c.d', 'a:b', 'a b', 'ü', '..', '-', 'a/b', 'a\nb', 'x'.repeat(64), 'x'.repeat(65)];
const PATHS = ['~/x', '~'];

interface Twin {
  readonly option: string;
  readonly setting: (value: unknown) => object;
  readonly values: readonly string[];
  readonly isNumber?: true;
  /** For commands that watch only. */
  readonly isForWatch?: true;
}
const TWINS: readonly Twin[] = [
  { option: 'retry-for-seconds', setting: (value) => ({ retryForSeconds: value }), values: NUMBERS, isNumber: true },
  { option: 'spool-max-mib', setting: (value) => ({ spool: { maxMib: value } }), values: NUMBERS, isNumber: true },
  { option: 'spool-max-age-days', setting: (value) => ({ spool: { maxAgeDays: value } }), values: NUMBERS, isNumber: true },
  { option: 'spool-when-full', setting: (value) => ({ spool: { whenFull: value } }), values: ['block', 'drop-oldest', 'drop', 'Block'] },
  { option: 'confirm-scans', setting: (value) => ({ changes: { confirmScans: value } }), values: NUMBERS, isNumber: true },
  { option: 'mass-change', setting: (value) => ({ changes: { massChange: value } }), values: NUMBERS, isNumber: true },
  { option: 'all', setting: (value) => ({ all: value === 'true' ? true : value }), values: ['true', 'perhaps'] },
  { option: 'site', setting: (value) => ({ site: value }), values: NAMES },
  { option: 'sensor', setting: (value) => ({ sensor: value }), values: NAMES },
  { option: 'namespace', setting: (value) => ({ namespace: value }), values: NAMES },
  { option: 'tag', setting: (value) => ({ tags: [value] }), values: NAMES },
  { option: 'label', setting: (value) => ({ labels: labelOf(String(value)) }), values: ['a=b', 'a=', 'a b=c', '1a=b', 'ü=x', `${'x'.repeat(65)}=y`] },
  { option: 'state-dir', setting: (value) => ({ stateDir: value }), values: PATHS },
  { option: 'intel-dir', setting: (value) => ({ intelDir: value }), values: PATHS },
  { option: 'exposure', setting: (value) => ({ exposure: value }), values: PATHS },
  { option: 'metrics-file', setting: (value) => ({ metrics: { file: value } }), values: [...PATHS, '/nonexistent/x', 'x.PROM', '~/x.prom'] },
  {
    option: 'metrics-listen',
    setting: (value) => ({ metrics: { listen: value } }),
    values: ['x', '99999', '1.2.3.4', ':', '[::1]', '-1', '1.5'],
    isForWatch: true,
  },
];

test('each setting that has an option is here', () => {
  expect(TWINS.map(({ option }) => option).toSorted()).toEqual(Object.keys(SETTINGS).toSorted());
});

describe.each(TWINS)('--$option', ({ option, setting, values, isNumber = false, isForWatch = false }) => {
  test.each(values)('%s', async (value) => {
    const folder = freshDir();
    const config = join(folder, 'portlog.yaml');
    const run = async (settings: object, more: readonly string[], env: Readonly<Record<string, string>>): Promise<number | null> => {
      writeFileSync(config, stringify({ sinks: [{ type: 'file', path: join(folder, 'out') }], ...settings }));
      const words = isForWatch ? ['watch', '--config', config, ...more, folder] : ['no/such', '--config', config, ...more];
      const { code, stderr } = await portlogHere(words, env);
      expect(stderr).not.toMatch(NEVER);
      return code;
    };
    const set = await run(setting(isNumber ? Number(value) : value), [], {});
    // A switch has no value on the command line.
    const typed = option === 'all' ? set : await run({}, [`--${option}=${value}`], {});
    const inherited = await run({}, [], { [variableOf(option)]: value });
    expect([set, typed, inherited]).toEqual([set, set, set]);
    // A file that is not there is only looked for when all else is right.
    expect([2, 3]).toContain(set);
  });
});

function labelOf(pair: string): object {
  const [name = '', value = ''] = pair.split('=');
  return { [name]: value };
}
