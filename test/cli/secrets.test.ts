import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freshDir, type Finished, portlog } from '../support/run-portlog.ts';
import { host, port, scan } from '../support/scans.ts';
import { answer, bulkAnswer, healthy, scriptedServer } from '../support/scripted-server.ts';

/** Each is planted in one place, and may be found there and in the requests only. */
const PLANTED = {
  keyFile: 'kf-4f1d7a',
  inlinePassword: 'ip-93bc02',
  environment: 'ev-77ad19',
  filled: 'fi-0c55e8',
  command: 'cm-b1e260',
  nmapArgument: 'na-6d02f4',
  url: 'ur-c8a713',
};
const ALL = Object.values(PLANTED);

let server: Awaited<ReturnType<typeof scriptedServer>>;
let home: string;
let isUp = true;
beforeAll(async () => {
  server = await scriptedServer((seen, response) => {
    if (!isUp) answer(response, 503, 'busy');
    else if (seen.path.includes('_bulk')) answer(response, 200, bulkAnswer(seen.body));
    else if (!healthy(seen, response)) answer(response, 204, '');
  });
  home = freshDir();
  const args = `nmap -oX - --script-args smbpassword=${PLANTED.nmapArgument} 192.0.2.1`;
  writeFileSync(join(home, 'whole.xml'), scan(host('192.0.2.1', port(80)), `scanner="nmap" version="7.93" args="${args}" start="1760000000"`));
  writeFileSync(join(home, 'nmap'), `#!/bin/sh\nenv > "${join(home, 'nmap-environment')}"\ncat "${join(home, 'whole.xml')}"\n`);
  writeFileSync(join(home, 'pass'), `#!/bin/sh\nenv > "${join(home, 'pass-environment')}"\necho ${PLANTED.command}\n`);
  for (const name of ['nmap', 'pass']) chmodSync(join(home, name), 0o755);
  writeFileSync(join(home, 'key'), PLANTED.keyFile, { mode: 0o600 });
  mkdirSync(join(home, 'scans'));
  writeFileSync(join(home, 'scans', 'a.xml'), readFileSync(join(home, 'whole.xml')));
  writeFileSync(
    join(home, 'portlog.yaml'),
    `stateDir: ${join(home, 'state')}
retryForSeconds: 0
sinks:
  - { type: elasticsearch, url: "${server.url.href}", apiKeyFile: ${join(home, 'key')}, trustSetUp: true }
  - { type: loki, url: "${server.url.href}", user: portlog, password: ${PLANTED.inlinePassword} }
  - { type: otlp, url: "${server.url.href}", bearer: "\${FILLED}" }
  - { type: http, url: "${server.url.href}in", bearerCommand: [${join(home, 'pass')}] }
  - { type: file, path: ${join(home, 'out.ndjson')} }
schedules: [{ name: nightly, cron: "@daily", nmap: [--script-args, "smbpassword=${PLANTED.nmapArgument}", 192.0.2.1] }]
directories: [{ path: ${join(home, 'scans')} }]
`,
    { mode: 0o600 },
  );
});
afterAll(async () => server.stop());

const env = { FILLED: PLANTED.filled, PORTLOG_SYSLOG_PASSWORD: PLANTED.environment, PORTLOG_OPENSEARCH_API_KEY: PLANTED.environment };
const here = (...args: readonly string[]): Promise<Finished> =>
  portlog([...args, '--config', join(home, 'portlog.yaml'), ...(args[0] === 'status' ? [] : ['--verbose'])], { env });

/** Where one of them is, of what portlog made. */
function found(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !['portlog.yaml', 'key', 'pass', 'whole.xml', 'a.xml', 'b.xml'].includes(entry.name))
    .flatMap(({ parentPath, name }) => {
      const content = readFileSync(join(parentPath, name), 'latin1');
      return ALL.filter((secret) => content.includes(secret)).map((secret) => `${name}: ${secret}`);
    });
}

test('no secret is in what portlog prints, writes, or hands to other programs', { timeout: 120_000 }, async () => {
  const nmap = ['--nmap', join(home, 'nmap')];
  const runs: Finished[] = [await here('check', ...nmap), await here('run', '--once', ...nmap)];
  isUp = false;
  writeFileSync(join(home, 'scans', 'b.xml'), readFileSync(join(home, 'whole.xml'), 'utf8').replaceAll('1760000000', '1760009000'));
  runs.push(await here('run', '--once', ...nmap), await here('check', ...nmap), await here('status'), await here('replay', '--list'));
  isUp = true;
  runs.push(
    await here('replay'),
    await portlog(['--to', `elasticsearch=http://me:${PLANTED.url}@127.0.0.1:1`, join(home, 'whole.xml'), '--verbose']),
  );
  runs.push(await portlog(['scan', '--verbose', ...nmap, '--', '--script-args', `smbpassword=${PLANTED.nmapArgument}`, '192.0.2.1']));
  for (const { stdout, stderr } of runs)
    expect(
      ALL.filter((secret) => (stdout + stderr).includes(secret)),
      stderr,
    ).toEqual([]);
  // They did reach those whom they are for.
  const headers = server.seen.map(({ headers: { authorization = '' } }) => authorization);
  expect(headers).toContain(`ApiKey ${PLANTED.keyFile}`);
  expect(headers).toContain(`Bearer ${PLANTED.command}`);
  expect(headers).toContain(`Bearer ${PLANTED.filled}`);
  expect(found(home).filter((place) => !place.startsWith('pass-environment'))).toEqual([]);
  // A password store gets the environment, but for what is ours.
  expect(readFileSync(join(home, 'pass-environment'), 'utf8')).not.toContain(PLANTED.environment);
});
