import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { freshDir, portlog, ROOT } from '../support/run-portlog.ts';

const EXAMPLE = join(ROOT, 'examples/loopback.xml');
const folder = freshDir();
const written = join(folder, 'exposure.yaml');

describe('portlog exposure', () => {
  test('init writes down what a scan has, check finds nothing wrong with it, and then something', async () => {
    const { stdout, stderr, code } = await portlog(['exposure', 'init', EXAMPLE]);
    expect([code, stderr]).toEqual([0, 'portlog: 5 open ports of 2 hosts written down\n']);
    writeFileSync(written, stdout);
    const calm = await portlog(['exposure', 'check', '--exposure', written, EXAMPLE]);
    expect([calm.code, calm.stdout, calm.stderr]).toEqual([0, '', 'portlog: 5 open ports, all of them meant to be open\n']);
    writeFileSync(written, stdout.replace('2323/tcp', '2324/tcp').replace('external: false', 'external: true'));
    const wrong = await portlog(['exposure', 'check', '--exposure', written, EXAMPLE]);
    expect(wrong.stdout).toBe('unexpected 127.0.0.2 2323/tcp telnet: is not meant to be open in zone internal [high]\n');
    expect([wrong.code, wrong.stderr]).toEqual([1, 'portlog: 1 of 5 open ports not meant to be open\n']);
  });

  test('as JSON and JUnit', async () => {
    const json = await portlog(['exposure', 'check', '--exposure', written, '--format', 'json', EXAMPLE]);
    expect(JSON.parse(json.stdout)).toEqual({
      kind: 'unexpected',
      level: 'high',
      what: 'is not meant to be open in zone internal',
      host: '127.0.0.2',
      port: '2323/tcp',
      service: 'telnet',
      zone: 'internal',
      owner: 'nobody yet',
    });
    const { stdout } = await portlog(['exposure', 'check', '--exposure', written, '--format', 'junit', '-'], { input: readFileSync(EXAMPLE) });
    expect(stdout).toContain('<testsuite name="exposure of -" tests="5" failures="1">');
    expect(stdout.match(/<testcase /g)).toHaveLength(5);
    expect(stdout).toContain('<failure type="unexpected" message="is not meant to be open in zone internal [high]">owner: nobody yet</failure>');
  });

  test('as SARIF: a result a port, which is the same from scan to scan', async () => {
    const { stdout, code } = await portlog(['exposure', 'check', '--exposure', written, '--format', 'sarif', EXAMPLE]);
    const { version, runs } = JSON.parse(stdout);
    const [{ tool, results }] = runs;
    expect([code, version, tool.driver.name]).toEqual([1, '2.1.0', 'portlog']);
    expect(results).toEqual([
      {
        ruleId: 'nmap-exposure-unexpected',
        level: 'error',
        message: { text: '127.0.0.2 2323/tcp telnet: is not meant to be open in zone internal [high]' },
        locations: [
          {
            physicalLocation: { artifactLocation: { uri: EXAMPLE } },
            logicalLocations: [{ name: '127.0.0.2 2323/tcp', kind: 'resource', fullyQualifiedName: '127.0.0.2/2323/tcp' }],
          },
        ],
        partialFingerprints: { 'hostAndPort/v1': '127.0.0.2/2323/tcp' },
        properties: { zone: 'internal', owner: 'nobody yet' },
      },
    ]);
    expect(tool.driver.rules.map(({ id }: { id: string }) => id)).toContain(results[0].ruleId);
  });

  test('a scan that is cut is said to be', async () => {
    const text = readFileSync(EXAMPLE, 'utf8');
    const { stderr, code } = await portlog(['exposure', 'check', '--exposure', written, '-'], {
      input: text.slice(0, text.indexOf('addr="127.0.0.2"')),
    });
    expect([code, stderr]).toEqual([
      0,
      'portlog: standard input: the scan is not complete; only hosts that it finished count\nportlog: 4 open ports, all of them meant to be open\n',
    ]);
  });

  test('init writes down what is known', async () => {
    const state = freshDir();
    await portlog(['--state-dir', state, '--to', `file=${join(folder, 'x')}`, EXAMPLE]);
    const { stdout, code } = await portlog(['exposure', 'init', '--state-dir', state]);
    expect(code).toBe(0);
    expect(stdout).toContain('- 2121,2222,8080,8443/tcp');
  });

  test('shipping with it tells what is not meant to be open', async () => {
    const out = join(folder, 'events.ndjson');
    const { code } = await portlog(['--state-dir', freshDir(), '--exposure', written, '--to', `file=${out}`, EXAMPLE]);
    const events = readFileSync(out, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(code).toBe(0);
    expect(events.filter(({ event }) => event.action === 'exposure-unexpected').map(({ message }) => message)).toEqual([
      '127.0.0.2 2323/tcp is not meant to be open in zone internal [high]',
    ]);
    expect(events.find(({ event }) => event.dataset === 'nmap.host').nmap).toMatchObject({ zone: 'internal', criticality: 'medium' });
  });

  test.for([
    [['chek'], 'portlog exposure has no task "chek"'],
    [['check'], 'portlog exposure check needs a scan'],
    [['check', EXAMPLE], 'there is no file of expected exposure to check against'],
    [['check', '--exposure', '/nowhere.yaml', EXAMPLE], 'the file of expected exposure /nowhere.yaml could not be read: there is no such file'],
    [['init', '--state-dir', '/nowhere'], 'nothing is known yet'],
  ] as const)('%j: exit 2 and a sentence', async ([args, says]) => {
    const { stderr, code } = await portlog(['exposure', ...args]);
    expect(stderr).toContain(says);
    expect(code).toBe(2);
  });

  test('a mistake in the file is named', async () => {
    const bad = join(folder, 'bad.yaml');
    writeFileSync(bad, 'expected:\n  - { hosts: [192.0.2.0/24], ports: ["22"], reason: x, ownr: y }\n');
    const { stderr, code } = await portlog(['exposure', 'check', '--exposure', bad, EXAMPLE]);
    expect(stderr).toContain('expected.0.ownr: there is no such setting; did you mean "owner"?');
    expect(stderr).toContain('expected.0.ports.0: must look like');
    expect(code).toBe(2);
  });

  test('what is no scan is exit 3', async () => {
    expect((await portlog(['exposure', 'init', written])).code).toBe(3);
  });
});
