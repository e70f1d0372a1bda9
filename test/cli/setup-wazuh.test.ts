import { chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FakeWazuh } from '../support/fake-wazuh.ts';
import { page } from '../support/docs.ts';
import { freshDir } from '../support/run-portlog.ts';
import { setup, KEPT, FORCE, FORCE_REMOVAL } from '../support/set-up.ts';

describe('portlog setup wazuh', () => {
  const RULES = 'rules/files/portlog_rules.xml';
  let wazuh: FakeWazuh;
  let url: string;
  beforeEach(async () => {
    wazuh = new FakeWazuh();
    url = await wazuh.start();
  });
  afterEach(() => wazuh.stop());

  test('decoder, rules, then a restart; again, it changes nothing', async () => {
    const { said, code } = await setup('wazuh', url);
    expect([code, said]).toEqual([
      0,
      ['created decoder portlog_decoders.xml', 'created alert rules portlog_rules.xml', 'loaded decoders and rules into the manager'],
    ]);
    expect(wazuh.files.get(RULES)).toBe(readFileSync('dashboards/wazuh/portlog_rules.xml', 'utf8'));
    expect(wazuh.actions).toContain('PUT /manager/analysisd/reload');
    expect(wazuh.loaded.size).toBe(2);
    wazuh.actions.length = 0;
    expect(await setup('wazuh', url)).toMatchObject({
      code: 0,
      said: ['unchanged: decoder portlog_decoders.xml', 'unchanged: alert rules portlog_rules.xml'],
    });
    expect(wazuh.actions).toEqual([]);
  });

  test('a file with other whitespace counts as installed; one that somebody changed stays; an older one of ours is updated', async () => {
    await setup('wazuh', url);
    const ours = wazuh.files.get(RULES) ?? '';
    wazuh.files.set(RULES, ours.replaceAll('  ', '    '));
    expect((await setup('wazuh', url)).said).toContain('unchanged: alert rules portlog_rules.xml');
    wazuh.files.set(RULES, ours.replace('level="12"', 'level="3"'));
    const kept = await setup('wazuh', url);
    expect([kept.code, kept.said]).toEqual([1, ['unchanged: decoder portlog_decoders.xml', `${KEPT} alert rules portlog_rules.xml`, FORCE]]);
    expect((await setup('wazuh', url, '--force')).said).toContain('updated alert rules portlog_rules.xml');
    expect(wazuh.files.get(RULES)).toBe(ours);
    const zone = await setup('wazuh', url, '--zone', 'dmz');
    expect(zone.said).toContain('updated alert rules portlog_rules.xml');
    expect(wazuh.files.get(RULES)).toContain('nmap.zone');
  });

  test.each([
    ['a manager', false],
    ['a cluster', true],
  ])('the rights that the page names are enough for %s, and none of them is needless', async (_, isCluster) => {
    const words = page('docs/how-to/wazuh.md')
      .split('\n\n')
      .find((paragraph) => paragraph.includes('`rules:update`'));
    const needed = [...(words ?? '').matchAll(/`((?:rules|decoders|cluster|manager):\w+)`/g)]
      .map(([, right = '']) => right)
      .filter((right) => !right.startsWith(isCluster ? 'manager:' : 'cluster:r'));
    expect(needed.length).toBe(9);
    wazuh.isCluster = isCluster;
    wazuh.rights = new Set(needed);
    expect((await setup('wazuh', url)).code).toBe(0);
    expect(wazuh.loaded.size).toBe(2);
    expect((await setup('wazuh', url, '--remove')).code).toBe(0);
    for (const right of isCluster ? [] : needed) {
      wazuh.files.clear();
      wazuh.rights = new Set(needed.filter((other) => other !== right));
      const { code, said } = await setup('wazuh', url);
      expect([right, code, said.join(' ')]).toEqual([right, 2, expect.stringMatching(/ermission denied.* the user needs .*docs\/how-to\/wazuh\.md/)]);
    }
  });

  test('in a cluster, all of it restarts; a manager that would not come back is not restarted', async () => {
    wazuh.isCluster = true;
    wazuh.problem = 'Invalid decoder name: portlog';
    const { code, said } = await setup('wazuh', url);
    expect(code).toBe(2);
    expect(said.join(' ')).toContain('(Invalid decoder name: portlog)');
    expect(wazuh.actions.filter((action) => /restart|reload/.test(action))).toEqual([]);
    wazuh.problem = undefined;
    await setup('wazuh', url, '--force', '--zone', 'x');
    expect(wazuh.actions).toContain('PUT /cluster/analysisd/reload');
  });

  test('--remove takes them away, --dry-run touches nothing', async () => {
    const short = await setup('wazuh', url, '--dry-run');
    expect([short.stdout, short.said]).toEqual([
      '',
      [
        'would create decoder portlog_decoders.xml',
        'would create alert rules portlog_rules.xml',
        'would load decoders and rules into the manager',
        'nothing was changed: --verbose shows what would be sent',
      ],
    ]);
    const dry = await setup('wazuh', url, '--dry-run', '--verbose');
    expect(dry.said.at(-1)).toBe('would load decoders and rules into the manager');
    expect(dry.stdout).toContain('PUT /rules/files/portlog_rules.xml?overwrite=true');
    expect(wazuh.actions).toEqual([]);
    await setup('wazuh', url);
    const { said } = await setup('wazuh', url, '--remove');
    expect(said).toEqual([
      'removed alert rules portlog_rules.xml',
      'removed decoder portlog_decoders.xml',
      'loaded decoders and rules into the manager',
    ]);
    expect(wazuh.files.size).toBe(0);
    expect((await setup('wazuh', url, '--remove')).said).toEqual(['nothing of portlog is installed there']);
  });

  test('--remove leaves a file that portlog did not make, or that somebody has changed, unless forced', async () => {
    await setup('wazuh', url);
    const mine = '<group name="local,">\n</group>\n';
    wazuh.files.set(RULES, mine);
    const kept = await setup('wazuh', url, '--remove');
    expect([kept.code, kept.said]).toEqual([
      1,
      [`${KEPT} alert rules portlog_rules.xml`, 'removed decoder portlog_decoders.xml', 'loaded decoders and rules into the manager', FORCE_REMOVAL],
    ]);
    expect([...wazuh.files]).toEqual([[RULES, mine]]);
    wazuh.actions.length = 0;
    expect((await setup('wazuh', url, '--remove')).said).toEqual([`${KEPT} alert rules portlog_rules.xml`, FORCE_REMOVAL]);
    expect(wazuh.actions).toEqual([]);
    expect((await setup('wazuh', url, '--remove', '--force')).code).toBe(0);
    expect(wazuh.files.size).toBe(0);
  });

  test('the file that the agent reads is made, when the configuration names one', async () => {
    const folder = freshDir();
    const [config, log] = [join(folder, 'portlog.yaml'), join(folder, 'logs', 'wazuh.ndjson')];
    writeFileSync(config, `sinks: [{ type: wazuh, path: ${log} }, { type: wazuh, url: "https://wazuh:55000" }]\n`);
    expect((await setup('wazuh', url, '--config', config, '--dry-run')).said[0]).toBe(
      `would create file ${log}, empty, which must be there before the agent starts`,
    );
    expect(existsSync(log)).toBe(false);
    expect((await setup('wazuh', url, '--config', config)).code).toBe(0);
    expect(readFileSync(log, 'utf8')).toBe('');
    writeFileSync(log, 'kept');
    expect((await setup('wazuh', url, '--config', config)).said[0]).toBe(`unchanged: file ${log}, which the agent reads`);
    expect(readFileSync(log, 'utf8')).toBe('kept');
  });

  test('but not where a link leads that others could have put there', async () => {
    const folder = freshDir();
    const [config, logs, elsewhere] = [join(folder, 'portlog.yaml'), join(folder, 'logs'), join(folder, 'elsewhere')];
    writeFileSync(config, `sinks: [{ type: wazuh, path: ${join(logs, 'wazuh.ndjson')} }]\n`);
    mkdirSync(logs);
    chmodSync(logs, 0o777);
    symlinkSync(elsewhere, join(logs, 'wazuh.ndjson'));
    await setup('wazuh', url, '--config', config);
    expect(existsSync(elsewhere)).toBe(false);
  });

  test('and before the manager is asked, which an agent on another machine need not reach', async () => {
    const folder = freshDir();
    const [config, log] = [join(folder, 'portlog.yaml'), join(folder, 'wazuh.ndjson')];
    writeFileSync(config, `sinks: [{ type: wazuh, path: ${log} }]\n`);
    await wazuh.stop();
    const { code, said } = await setup('wazuh', url, '--config', config);
    expect([code, said]).toEqual([
      5,
      [
        `created file ${log}, empty, which must be there before the agent starts`,
        expect.stringContaining('cannot be reached'),
        expect.stringContaining('→ check host and port'),
      ],
    ]);
    expect(existsSync(log)).toBe(true);
  });

  test('--export to where no directory can be made is a sentence', async () => {
    const { code, said } = await setup('wazuh', url, '--export', '/proc/nope/x');
    expect([code, said[0]]).toEqual([2, expect.stringContaining('the files cannot be written to /proc/nope/x: ')]);
  });

  test('a manager without a reload is restarted', async () => {
    wazuh.canReload = false;
    expect((await setup('wazuh', url)).code).toBe(0);
    expect(wazuh.actions.filter((action) => action.endsWith('restart'))).toEqual(['PUT /manager/restart']);
  });

  test('rules that could not be loaded are loaded the next time', async () => {
    wazuh.loadStatus = 500;
    expect((await setup('wazuh', url)).code).toBe(2);
    expect(wazuh.loaded.size).toBe(0);
    wazuh.loadStatus = 200;
    const { code, said } = await setup('wazuh', url);
    expect([code, said.at(-1)]).toEqual([0, 'loaded decoders and rules into the manager']);
    expect(wazuh.loaded.size).toBe(2);
    expect(wazuh.files.get(RULES)).toBe(readFileSync('dashboards/wazuh/portlog_rules.xml', 'utf8'));
    expect((await setup('wazuh', url)).said).toEqual(['unchanged: decoder portlog_decoders.xml', 'unchanged: alert rules portlog_rules.xml']);
  });

  test('an id that a rule of somebody else has ends it before anything is sent, and other ids are offered', async () => {
    wazuh.otherRules.set(100_742, 'local_rules.xml').set(101_742, 'local_rules.xml');
    const { code, said } = await setup('wazuh', url);
    expect([code, ...said]).toEqual([
      2,
      "local_rules.xml has a rule 100742, which is an id of portlog's rules, too: neither may fire then",
      '  → choose other ids: --base-id 102700',
    ]);
    expect(wazuh.actions).toEqual([]);
    expect((await setup('wazuh', url, '--base-id', '102700')).code).toBe(0);
    expect(wazuh.files.get(RULES)).toContain('<if_sid>102700,102701</if_sid>');
    expect(wazuh.files.get(RULES)).not.toMatch(/id="10[01]\d{3}"/);
    expect((await setup('wazuh', url, '--base-id', '102700')).said).toContain('unchanged: alert rules portlog_rules.xml');
  });

  test.each([
    ['4.5.2', 'this is Wazuh 4.5.2'],
    ['5.0.0', "portlog's rules are for Wazuh 4"],
  ])('%s is refused', async (version, sentence) => {
    wazuh.version = version;
    const { code, said } = await setup('wazuh', url);
    expect([code, said.join(' ')]).toEqual([2, expect.stringContaining(sentence)]);
  });
});
